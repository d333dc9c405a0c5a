import type { TreeEvent } from '../../control/operations.ts'
import type { Mark } from '../api.ts'

const kinds: Readonly<Record<string, Mark['kind']>> = {
  'reload.done': 'reload',
  'reload.failed': 'reload-failed',
  'reload.refused': 'reload-failed',
  'restart.done': 'restart',
  'restart.failed': 'restart',
}
const textLengthMax = 200

/** What charts are marked with; undefined for most events. */
export function markOf(event: TreeEvent): Mark | undefined {
  const at = Date.parse(event.time)
  if (Number.isNaN(at)) return undefined
  if (event.event === 'state') return deathOf(event, at)
  const kind = kinds[event.event]
  if (kind === undefined) return undefined
  const what = event.event.replace('.', ' ').replace('done', '').trim()
  const text = event.error === undefined ? `${what} to generation ${event.generation}` : `${what}: ${event.error}`
  return { at, kind, text: cut(text) }
}

/** It ran, or was to, and ended although nobody had asked it to. */
function deathOf({ from, to, name, reason }: TreeEvent, at: number): Mark | undefined {
  const ended = to === 'BACKOFF' || to === 'EXITED' || to === 'FATAL'
  if (!ended || (from !== 'RUNNING' && from !== 'STARTING') || reason === undefined) return undefined
  return { at, kind: 'death', text: cut(`${name} ${reason}`) }
}

function cut(text: string): string {
  return text.length > textLengthMax ? `${text.slice(0, textLengthMax)}…` : text
}

/** What has happened to a tree, as a line for people. Pure. */
import type { TreeEvent } from '../api.ts'

export type EventTone = 'quiet' | 'good' | 'warn' | 'bad'

export interface ReadableEvent {
  readonly tone: EventTone
  /** `web:0`, where it is about one process. */
  readonly name: string | undefined
  /** `RUNNING`, `reload.done`. */
  readonly what: string
  /** The rest of its fields. */
  readonly details: string
}

export function readEvent(event: TreeEvent): ReadableEvent {
  return event.event === 'state' ? readState(event) : readLog(event)
}

function readState({ name, from, to, reason, pid }: TreeEvent): ReadableEvent {
  const details = [reason, pid === undefined ? undefined : `pid ${pid}`].filter(text => text !== undefined)
  return {
    tone: stateTones[String(to)] ?? 'quiet',
    name: name === undefined ? undefined : String(name),
    what: `${String(from).toLowerCase()} → ${String(to).toLowerCase()}`,
    details: details.join(' · '),
  }
}

const stateTones: Readonly<Record<string, EventTone>> = { RUNNING: 'good', BACKOFF: 'warn', FATAL: 'bad' }

function readLog({ time: _, event, level, name, worker, ...fields }: TreeEvent): ReadableEvent {
  const details = Object.entries(fields).filter(([, value]) => value !== undefined)
  const about = name ?? worker
  return {
    tone: level === 'error' ? 'bad' : level === 'warn' ? 'warn' : 'quiet',
    name: about === undefined ? undefined : String(about),
    what: event,
    details: details.map(([key, value]) => `${key}=${String(value)}`).join(' '),
  }
}

/** Whether a tree is well, as load balancers ask: decided here, asked in health-answers.ts. */
import type { TreeStatus } from '../ipc/status.ts'
import type { MinReady } from './min-ready.ts'

export interface Health {
  readonly isWell: boolean
  /** For people: `ok`, or what is missing, a line each. */
  readonly text: string
}

const well: Health = { isWell: true, text: 'ok\n' }

/** It is ready when each application has enough workers, and does not stop. */
export function readinessOf(status: TreeStatus, minReady: MinReady): Health {
  // Said before the workers begin to drain (`graceful.delay`), so that a load balancer looks elsewhere in time.
  if (status.state === 'stopping') return unwell([`${status.name} is stopping`])
  const missing = readyWorkers(status, minReady).filter(({ ready, needed }) => ready < needed)
  if (missing.length === 0) return well
  return unwell(
    missing.map(({ app, ready, needed, wanted }) => `${app}: ${ready} of ${wanted} workers ready, needs ${needed}`),
  )
}

export function unwell(lines: readonly string[]): Health {
  return { isWell: false, text: lines.map(line => `${line}\n`).join('') }
}

/** An answer of the supervisor is all that it takes to be alive. */
export const alive: Health = well

export interface ReadyWorkers {
  readonly app: string
  readonly ready: number
  readonly needed: number
  readonly wanted: number
}

export function readyWorkers({ apps, children }: TreeStatus, minReady: MinReady): ReadyWorkers[] {
  return apps.map(({ name, workers }) => ({
    app: name,
    wanted: workers,
    needed: neededOf(workers, minReady),
    ready: children.filter(({ kind, app, state }) => kind === 'web' && app === name && state === 'RUNNING').length,
  }))
}

/** At least one, and never more than there are to be. */
function neededOf(wanted: number, minReady: MinReady): number {
  const asked = 'workers' in minReady ? minReady.workers : Math.ceil(minReady.fraction * wanted)
  return Math.max(1, Math.min(asked, wanted))
}

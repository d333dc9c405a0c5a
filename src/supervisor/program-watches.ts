import type { Beat } from '../ipc/messages.ts'
import type { ProgramDefinition, ProgramWatch } from './app-definition.ts'
import type { RunningChild } from './child-process.ts'
import type { EventQueue } from './event-queue.ts'
import type { Child } from './fleet.ts'
import type { FleetEvent } from './plan/turn.ts'
import { readProcessGroups } from './process-groups.ts'

const usageEveryMs = 5_000
// A leak takes less time than that to fill a machine.
const limitedEveryMs = 1_000

/** What a program does not tell. */
const silent: Omit<Beat, 'rssBytes' | 'cpuPercent'> = {
  loopDelayMs: 0,
  utilization: 0,
  heapBytes: 0,
  connections: 0,
  inFlight: 0,
  requests: 0,
  logDropped: 0,
}

interface Watched {
  readonly watch: ProgramWatch
  readonly pid: number
  /** When it was measured last, and the time on a processor that it had used by then. */
  measured: { readonly at: number; readonly cpuMs: number } | undefined
}

/** The looks from outside at programs that run: what they find becomes events of the fleet. */
export class ProgramWatches {
  readonly #events: EventQueue<FleetEvent>
  readonly #watches = new Map<number, Watched>()
  #timer: NodeJS.Timeout | undefined
  #everyMs = Number.POSITIVE_INFINITY

  constructor(events: EventQueue<FleetEvent>) {
    this.#events = events
  }

  begin({ id, index, spawnedAt }: Child, { pid, stdout, stderr }: RunningChild, definition: ProgramDefinition): void {
    const push = (event: FleetEvent) => {
      if (this.#watches.has(id)) this.#events.push(event)
    }
    const watch = definition.watch({
      index,
      pid,
      stdout,
      stderr,
      onReady: () => push({ type: 'ready', id, bootMs: performance.now() - spawnedAt }),
      onWaiting: reason => push({ type: 'waiting', id, reason }),
      onUnhealthy: reason => push({ type: 'unhealthy', id, reason }),
    })
    this.#watches.set(id, { watch, pid, measured: undefined })
    const { softBytes, hardBytes } = definition.spec
    this.#measureEvery(softBytes === undefined && hardBytes === undefined ? usageEveryMs : limitedEveryMs)
  }

  /** As often as the program that needs it most. */
  #measureEvery(ms: number): void {
    if (this.#everyMs <= ms) return
    clearInterval(this.#timer)
    this.#everyMs = ms
    this.#timer = setInterval(() => void this.measure(), ms).unref()
  }

  /** It is up. */
  serves(id: number): void {
    this.#watches.get(id)?.watch.serves()
  }

  /** It is to end, or has ended: how it is concerns nobody any more. */
  end(id: number): void {
    this.#watches.get(id)?.watch.end()
    this.#watches.delete(id)
    if (this.#watches.size > 0) return
    clearInterval(this.#timer)
    this.#everyMs = Number.POSITIVE_INFINITY
  }

  /** What programs use, with all that they have started: a beat like that of a worker, which would say so itself. */
  async measure(): Promise<void> {
    const groups = await readProcessGroups()
    const at = performance.now()
    for (const [id, watched] of this.#watches) {
      const usage = groups?.get(watched.pid)
      if (!usage) continue
      const { measured } = watched
      const cpuPercent = measured ? Math.max(0, ((usage.cpuMs - measured.cpuMs) / (at - measured.at)) * 100) : 0
      watched.measured = { at, cpuMs: usage.cpuMs }
      this.#events.push({ type: 'beat', id, beat: { ...silent, rssBytes: usage.rssBytes, cpuPercent } })
    }
  }
}

/** Processes that run schedules, on a store of their own and a clock that a test moves. */
import { setImmediate as turn } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import type { Log, LogFields } from '../../src/base/log.ts'
import type { NewJob, Schedule } from '../../src/tasks/engine/job.ts'
import type { TaskEngine } from '../../src/tasks/engine/task-engine.ts'
import type { DeclaredSchedule, SchedulableTask } from '../../src/tasks/schedule/declared-schedule.ts'
import { runSchedules } from '../../src/tasks/schedule/run-schedules.ts'
import type { ScheduleClock } from '../../src/tasks/schedule/schedule-clock.ts'
import { scheduledFor } from '../../src/tasks/schedule/slot-job.ts'
import type { TaskSpace } from '../../src/tasks/task-space.ts'

// More than the turns of a round.
const settleTurns = 20

/** The commands of the engine that concern schedules, as the contract describes them. */
export class HeldStore {
  /** Milliseconds since 1970. */
  now: number
  readonly schedules = new Map<string, Schedule>()
  readonly jobs: NewJob[] = []
  readonly unfinished = new Set<string>()
  /** Calls of `fire`, with what came of them. */
  readonly fires: string[] = []
  reads = 0
  /** While it is set, every call rejects with it. */
  failure: Error | undefined
  /** Of one schedule only. */
  readonly refused = new Map<string, Error>()

  constructor(now: string) {
    this.now = Date.parse(now)
  }

  get slots(): string[] {
    return this.jobs.map(job => time(scheduledFor(job)?.slot.getTime() ?? Number.NaN))
  }

  /** The jobs of one of them. */
  of(name: string): NewJob[] {
    return this.jobs.filter(job => scheduledFor(job)?.name === name)
  }

  get engine(): TaskEngine {
    const commands: Partial<TaskEngine> = {
      schedules: () => this.#answer(() => this.#read()),
      schedule: given => this.#answer(() => this.#schedule(given)),
      unschedule: name => this.#answer(() => this.schedules.delete(name)),
      fire: (name, slot, options) => this.#answer(() => this.#fire(name, slot, options), name),
    }
    return commands as TaskEngine
  }

  /** A turn before and one after, as between processes. */
  async #answer<Value>(run: () => Value, name = ''): Promise<Value> {
    await turn()
    const failure = this.failure ?? this.refused.get(name)
    if (failure) throw failure
    const value = run()
    await turn()
    return value
  }

  #read(): { now: number; schedules: Schedule[] } {
    this.reads += 1
    return structuredClone({ now: this.now, schedules: [...this.schedules.values()] })
  }

  #schedule(given: Omit<Schedule, 'last' | 'lastJob'>): 'new' | 'changed' | 'same' {
    const schedule = JSON.parse(JSON.stringify(given)) as Schedule
    const old = this.schedules.get(given.name)
    if (old && old.spec === schedule.spec && isDeepStrictEqual(old.job, schedule.job)) return 'same'
    this.schedules.set(given.name, { ...old, ...schedule })
    return old ? 'changed' : 'new'
  }

  #fire(name: string, slot: number, options: Parameters<TaskEngine['fire']>[2]): 'fired' | 'late' | 'skipped' {
    const old = this.schedules.get(name)
    const outcome = this.#outcome(old, slot, options.mayOverlap)
    this.fires.push(`${name} ${time(slot)} ${outcome}`)
    if (!old || outcome === 'late') return 'late'
    const lastJob = options.jobs.at(-1)?.id
    const fired = outcome === 'fired' ? { last: slot, ...(lastJob && { lastJob }) } : {}
    this.schedules.set(name, { ...old, next: options.next, ...fired })
    if (outcome === 'fired') for (const job of options.jobs) this.#enqueue(job)
    return outcome
  }

  #outcome(old: Schedule | undefined, slot: number, mayOverlap: boolean): 'fired' | 'late' | 'skipped' {
    if (old?.next !== slot) return 'late'
    return !mayOverlap && this.unfinished.has(old.lastJob ?? '') ? 'skipped' : 'fired'
  }

  #enqueue(job: NewJob): void {
    if (this.jobs.some(({ id }) => id === job.id)) return
    this.jobs.push(job)
  }
}

/** Moves the store and all processes on together, from one timer to the next. */
export class HeldClock implements ScheduleClock {
  readonly #store: HeldStore
  readonly #sleepers = new Set<{ readonly at: number; readonly wake: () => void }>()
  #ms = 1000

  constructor(store: HeldStore) {
    this.#store = store
  }

  now(): number {
    return this.#ms
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise(resolve => {
      const sleeper = { at: this.#ms + ms, wake: () => wake() }
      const wake = () => {
        this.#sleepers.delete(sleeper)
        signal.removeEventListener('abort', wake)
        resolve()
      }
      if (signal.aborted) return resolve()
      signal.addEventListener('abort', wake)
      this.#sleepers.add(sleeper)
    })
  }

  async advance(ms: number): Promise<void> {
    const until = this.#ms + ms
    await settle()
    for (let due = this.#earliest(until); due.length > 0; due = this.#earliest(until)) {
      this.#move(due[0]?.at ?? until)
      // All at once, as several processes do.
      for (const sleeper of due) sleeper.wake()
      await settle()
    }
    this.#move(until)
  }

  /** Those that wake next. */
  #earliest(until: number) {
    const at = Math.min(...[...this.#sleepers].map(sleeper => sleeper.at))
    return at > until ? [] : [...this.#sleepers].filter(sleeper => sleeper.at === at)
  }

  #move(to: number): void {
    const ms = Math.max(0, to - this.#ms)
    this.#ms += ms
    this.#store.now += ms
  }
}

async function settle(): Promise<void> {
  for (let i = 0; i < settleTurns; i++) await turn()
}

export function spaceOf(store: HeldStore): TaskSpace {
  return { engine: undefined as never, commands: store.engine, date: () => store.now }
}

export interface StartOptions {
  readonly schedules?: readonly DeclaredSchedule[]
  readonly application?: string
  readonly generation?: number
  readonly events?: string[]
}

/** A process, whose code was loaded now if nothing else is said. */
export async function startProcess(store: HeldStore, clock: HeldClock, options: StartOptions = {}) {
  const { schedules = [], application = 'shop', generation = store.now, events = [] } = options
  return runSchedules(spaceOf(store), { schedules, application, generation, clock, log: logTo(events) })
}

/** A task whose input is kept as it is. */
export function taskOf(id: string, more: Partial<NewJob> = {}): SchedulableTask<unknown> {
  return {
    prepare: async (_, { input }) => {
      const payload = JSON.stringify(input === 'gathered' ? null : (input.value ?? null))
      const times = { softMs: 0, hardMs: 0, resultMs: 1000, failureMs: 1000 }
      const rules = { queue: 'default', priority: 5, attempts: 1, interruptionsMax: 3, ...times }
      return { id: '0'.repeat(26), task: id, payload, ...rules, ...more }
    },
  }
}

function logTo(events: string[]): Log {
  const write = (event: string, fields: LogFields = {}) => {
    events.push(`${event} ${fields.name ?? ''}`.trim())
  }
  return { debug: () => {}, info: write, warn: write, error: write }
}

/** Without the zeros behind. */
export function time(ms: number): string {
  return Number.isNaN(ms) ? 'never' : new Date(ms).toISOString().replace('.000Z', 'Z')
}

/**
 * The loop of each process that runs tasks: it reads the schedules, enqueues what is due, and sleeps until the next one. There is no
 * leader: all processes try, and the store lets one of them, so that a killed one is missed by nobody. That the rest does not try each
 * time, too, whoever came too late wakes a little later than the one who was first, and mostly finds nothing left to do.
 */
import { backoffMs } from '../../base/backoff.ts'
import { messageOf } from '../../base/errors.ts'
import type { Log } from '../../base/log.ts'
import type { Schedule } from '../engine/job.ts'
import type { TaskEngine } from '../engine/task-engine.ts'
import { TaskError } from '../task-error.ts'
import type { TaskSpace } from '../task-space.ts'
import { type Fired, fireSlots } from './fire-slots.ts'
import { applyChange, type Change, type Code, type Declared, planChanges } from './reconcile.ts'
import { monotonicClock, type ScheduleClock, StoreTime } from './schedule-clock.ts'
import { parseSpec } from './schedule-spec.ts'

export interface RunSchedulesOptions extends Code {
  readonly log: Log
  readonly clock?: ScheduleClock
}

export interface RunningSchedules {
  /** Resolves when the last call has been answered. */
  close(): Promise<void>
}

// So soon every process knows of a new schedule, or of a new date of the store. One short read each time.
const readAgainMs = 2_000
const behindMs = 50
const retry = { min: 100, max: 2_000 }
const atOnce = 50

/**
 * Begins at once, and goes on whatever the store says: what it cannot do now, it tries again within two seconds. Call it when the process
 * is ready: what new code no longer has, is removed then, also if its reload fails in the end.
 *
 * @throws {TaskError} when two schedules have one name, or the input of one is refused: nothing has begun then.
 */
export async function runSchedules(space: TaskSpace, options: RunSchedulesOptions): Promise<RunningSchedules> {
  const loop = new ScheduleLoop(space.commands, options, await prepare(space, options))
  const ended = loop.run()
  return {
    close: () => {
      loop.stop()
      return ended
    },
  }
}

async function prepare(space: TaskSpace, { schedules }: Code): Promise<Map<string, Declared>> {
  const declared = new Map<string, Declared>()
  for (const schedule of schedules) {
    if (declared.has(schedule.name)) throw declaredTwice(schedule.name)
    declared.set(schedule.name, { rules: schedule.rules, job: await schedule.template(space) })
  }
  return declared
}

function declaredTwice(name: string): TaskError {
  return new TaskError(
    'TASK_DUPLICATE',
    `Schedule ${JSON.stringify(name)} is declared twice: give one of them another name.`,
  )
}

class ScheduleLoop {
  readonly #engine: TaskEngine
  readonly #options: RunSchedulesOptions
  readonly #declared: ReadonlyMap<string, Declared>
  readonly #clock: ScheduleClock
  readonly #time: StoreTime
  readonly #end = new AbortController()
  #isStart = true
  #isBehind = false
  /** In this round, and the rounds in a row that did. */
  #hasFailed = false
  #failures = 0

  constructor(engine: TaskEngine, options: RunSchedulesOptions, declared: ReadonlyMap<string, Declared>) {
    this.#engine = engine
    this.#options = options
    this.#declared = declared
    this.#clock = options.clock ?? monotonicClock
    this.#time = new StoreTime(this.#clock)
  }

  stop(): void {
    this.#end.abort()
  }

  async run(): Promise<void> {
    while (!this.#end.signal.aborted) {
      const waitMs = await this.#round().catch(error => this.#failed(error))
      this.#hasFailed = false
      await this.#clock.sleep(waitMs, this.#end.signal)
    }
  }

  /** Returns the milliseconds until the next one. */
  async #round(): Promise<number> {
    const { now, schedules } = await this.#engine.schedules()
    this.#time.set(now)
    if (await this.#reconcile(schedules)) return 0
    const dueAt = await this.#fireAll(schedules)
    const waitMs = Math.max(0, dueAt - this.#time.now()) + (this.#isBehind ? behindMs : 0)
    if (!this.#hasFailed) this.#failures = 0
    return Math.min(waitMs, this.#hasFailed ? backoffMs(this.#failures, retry) : readAgainMs)
  }

  /** Whether something was changed, so that the schedules have to be read again. */
  async #reconcile(stored: readonly Schedule[]): Promise<boolean> {
    const { application, generation } = this.#options
    const changes = planChanges({
      code: { application, generation },
      declared: this.#declared,
      stored,
      now: this.#time.now(),
      isStart: this.#isStart,
    })
    const results = await Promise.allSettled(changes.map(change => applyChange(this.#engine, change)))
    const failures = results.filter(result => result.status === 'rejected')
    for (const [i, change] of changes.entries()) if (results[i]?.status === 'fulfilled') this.#tellChange(change)
    for (const { reason } of failures) this.#tellFailure(reason)
    // What could not be declared is tried again, and holds up nothing else.
    this.#isStart = this.#isStart && failures.length > 0
    return changes.length > failures.length
  }

  /** Returns when the earliest of them comes next. */
  async #fireAll(schedules: readonly Schedule[]): Promise<number> {
    let dueAt = Number.POSITIVE_INFINITY
    const outcomes = new Set<Fired['outcome']>()
    // The one that waits longest first: behind an outage there may be many.
    const inOrder = schedules.toSorted((a, b) => a.next - b.next)
    for (let i = 0; i < inOrder.length && !this.#end.signal.aborted; i += atOnce) {
      for (const fired of await Promise.all(inOrder.slice(i, i + atOnce).map(schedule => this.#tryToFire(schedule)))) {
        if (!fired) continue
        dueAt = Math.min(dueAt, fired.next)
        outcomes.add(fired.outcome)
      }
    }
    if (outcomes.has('fired')) this.#isBehind = false
    else if (outcomes.has('late')) this.#isBehind = true
    return dueAt
  }

  /** One that fails, for whatever reason, does not keep others from running. */
  async #tryToFire(schedule: Schedule): Promise<Fired | undefined> {
    try {
      return await this.#fire(schedule)
    } catch (error) {
      this.#tellFailure(error, schedule.name)
      return undefined
    }
  }

  /** Undefined: one of a later version, for processes that know it. */
  async #fire(schedule: Schedule): Promise<Fired | undefined> {
    const spec = parseSpec(schedule.spec)
    if (!spec) return undefined
    const fired = await fireSlots(this.#engine, schedule, spec, this.#time.now())
    this.#tell(schedule, fired)
    return fired
  }

  #tell({ name }: Schedule, { outcome, slots }: Fired): void {
    const fields = {
      name,
      slot: slots[0] === undefined ? undefined : new Date(slots[0]).toISOString(),
      jobs: slots.length,
    }
    if (outcome === 'fired') this.#options.log.debug('schedule.fired', fields)
    if (outcome === 'skipped') this.#options.log.info('schedule.skipped', fields)
  }

  #tellChange({ kind, name }: Change): void {
    if (kind === 'taken') this.#options.log.warn('schedule.taken', { name })
    else this.#options.log.info(kind === 'remove' ? 'schedule.removed' : 'schedule.declared', { name })
  }

  #failed(error: unknown): number {
    this.#tellFailure(error)
    return backoffMs(this.#failures, retry)
  }

  /** Said once until all goes well again: the store is away for a moment at each restart of it. */
  #tellFailure(error: unknown, name?: string): void {
    if (!this.#hasFailed) this.#failures += 1
    this.#hasFailed = true
    if (this.#failures === 1) this.#options.log.warn('schedule.failed', { name, reason: messageOf(error) })
  }
}

/** Tasks in a test: on a store of its own, in this process, at a time that the test moves. */

import { quoted } from '../base/printable.ts'
import { parseSize } from '../base/units.ts'
import type { Store } from '../store/store.ts'
import { createTestStore, type TestClock, type TestStoreOptions } from '../store/test-store.ts'
import { Task } from './define-task.ts'
import { argumentInvalid, type Duration, millisecondsOf, oneOf, optionsOf, wholeNumber } from './given.ts'
import { currentJob } from './runner/run-job.ts'
import { DeclaredSchedule } from './schedule/declared-schedule.ts'
import { nextSlot } from './schedule/plan-slots.ts'
import { formatSpec } from './schedule/schedule-spec.ts'
import { TaskError } from './task-error.ts'
import { type ObservedTask, spaceOn, type TaskSpace, useTestSpace } from './task-space.ts'
import { Tasks } from './tasks.ts'
import { TestRunner } from './test-runner.ts'

export interface TestTasksOptions extends TestStoreOptions {
  /** `inline`: what is enqueued has run when `enqueue` resolves, unless it is delayed. `manual`, the default: it waits for `run`. */
  readonly mode?: 'inline' | 'manual'
  /** Those that are only called by their names; the others are known as soon as they are enqueued. */
  readonly tasks?: readonly Task<never, unknown>[]
  /** What `schedule` has returned: they fire as the clock is moved. */
  readonly schedules?: readonly DeclaredSchedule[]
  /** How many handlers run at once, 1 to 1,000; 1 by default, so that each test runs them in the same order. */
  readonly concurrency?: number
  /** The largest result of a job, as `tasks.maxResultBytes` of a tree: bytes, or a text such as `'64KB'`; 1 MB by default. */
  readonly maxResultBytes?: number | string
}

const optionNames = ['mode', 'tasks', 'schedules', 'concurrency', 'maxResultBytes', 'now', 'limits']
// The last moment that a Date can show.
const nowMax = 8.64e15

/**
 * From now on all tasks of this process are enqueued into a store in memory, until it is closed.
 *
 * ```ts
 * await using tasks = createTestTasks()
 * const handle = await sendEmail.enqueue({ to: 'ann@example.org' }, { delay: '5m' })
 * await tasks.advance('5m')
 * assert.deepEqual(await handle.result(), { messageId: 'm1' })
 * ```
 *
 * @throws {TaskError} TASK_ARGUMENT_INVALID, also while another one of this process is not closed; TASK_DUPLICATE for two tasks of one
 *   id, or two schedules of one name; TASK_UNNAMED for a task without an id. {StoreError} STORE_ARGUMENT_INVALID for `limits` that are none.
 */
export function createTestTasks(options: TestTasksOptions = {}): TestTasks {
  return new TestTasks(optionsOf(options, 'What createTestTasks takes', optionNames))
}

/** What createTestTasks returns: `tasks` of `saola/tasks`, and what moves it. */
export class TestTasks extends Tasks {
  /** Where the jobs are: empty at first, in memory, and gone with `close`. */
  readonly store: Store
  /**
   * The time of the store. Moved by itself, nothing runs, as in an outage; but the limits of a handler that runs count, so
   * a handler that is to take long moves it: `tasks.clock.advance('30s')`.
   */
  readonly clock: TestClock
  readonly #runner: TestRunner
  readonly #tasks = new Map<string, ObservedTask>()
  readonly #endUse: () => void
  #declaring: Promise<void> | undefined

  constructor(options: TestTasksOptions) {
    const { mode = 'manual', tasks = [], schedules = [], concurrency = 1, maxResultBytes = '1MB', ...rest } = options
    const isInline = oneOf(mode, 'mode', ['inline', 'manual']) === 'inline'
    wholeNumber(concurrency, 'concurrency', [1, 1_000])
    const resultBytesMax = sizeOf(maxResultBytes, 'maxResultBytes')
    const storeOptions = rest.now === undefined ? rest : { ...rest, now: wholeNumber(rest.now, 'now', [0, nowMax]) }
    checkTasks(tasks)
    checkSchedules(schedules)
    const { store, clock } = createTestStore(storeOptions)
    const space: TaskSpace = {
      ...spaceOn(store),
      date: () => clock.now(),
      observer: {
        meet: task => void this.#tasks.set(task.id, task),
        find: id => this.#tasks.get(id),
        // What a handler enqueues is run by the one that runs the handler.
        enqueued: async () => void (isInline && !currentJob() && (await this.run())),
        cancelled: () => this.#runner.hearOrders(),
      },
    }
    super(() => space)
    this.store = store
    this.clock = { now: clock.now, advance: duration => this.#runner.moveClock(duration) }
    for (const task of tasks as readonly ObservedTask[]) this.#tasks.set(task.id, task)
    this.#endUse = useTestSpace(space)
    const begun = clock.now()
    this.#runner = new TestRunner({
      ...{ space, clock, concurrency, resultBytesMax },
      find: id => this.#tasks.get(id),
      prepare: () => {
        this.#declaring ??= declareAll(space, schedules, begun)
        return this.#declaring
      },
    })
  }

  /**
   * Runs what is ready now, slots of schedules included, and what that enqueues, until nothing is left. Returns how many runs there
   * were. Time stands still meanwhile: a handler that waits for its time limit waits until the test moves the clock, so do not
   * await `run` then before `advance`.
   *
   * @throws {TaskError} TASK_ARGUMENT_INVALID after 10,000 runs, or within a handler. What a schedule of the options says against its
   *   input.
   */
  run(): Promise<number> {
    return this.#runner.run()
  }

  /**
   * Moves the clock on, and runs what becomes due on the way, each at its time: so also all attempts of a job that fails, and each
   * slot of a schedule. Limits of handlers that run already abort them. Returns how many runs there were.
   *
   * @param duration seconds as a number, or a text such as `'500ms'`, `'5m'`; above 0.
   * @throws {TaskError} as `run`; also after 100,000 halts on the way.
   */
  async advance(duration: Duration): Promise<number> {
    return this.#runner.advance(millisecondsOf(duration, 'advance'))
  }

  /**
   * As if the process that runs the handlers was killed: what runs is aborted with `TASK_LEASE_LOST`, its result does not count, and
   * it is ready again, with one interruption more. Returns how many there were.
   */
  interrupt(): Promise<number> {
    return this.#runner.interrupt()
  }

  /** Ends it: handlers that run are aborted, and the tasks of this process go where they went before. */
  async close(): Promise<void> {
    this.#endUse()
    this.#runner.close()
    await this.store.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

function checkTasks(given: readonly Task<never, unknown>[]): void {
  const expected = 'a list of what defineTask returns'
  if (!Array.isArray(given)) throw argumentInvalid('tasks', expected, given)
  for (const task of given) if (!(task instanceof Task)) throw argumentInvalid('Each of tasks', expected, task)
  const twice = findTwice(given, task => task.id)
  if (twice === undefined) return
  throw new TaskError('TASK_DUPLICATE', `Two tasks have the id ${quoted(twice)}: give one of them another.`)
}

function checkSchedules(given: readonly DeclaredSchedule[]): void {
  const expected = 'a list of what schedule returns'
  if (!Array.isArray(given)) throw argumentInvalid('schedules', expected, given)
  for (const each of given)
    if (!(each instanceof DeclaredSchedule)) throw argumentInvalid('Each of schedules', expected, each)
  const twice = findTwice(given, ({ name }) => name)
  if (twice === undefined) return
  throw new TaskError('TASK_DUPLICATE', `Schedule ${quoted(twice)} is declared twice: give one of them another name.`)
}

/** A name that two of them have. The same one, given twice, is one. */
function findTwice<Item>(items: readonly Item[], nameFor: (item: Item) => string): string | undefined {
  const groups = Map.groupBy(new Set(items), nameFor)
  return [...groups].find(([, group]) => group.length > 1)?.[0]
}

/** Bytes. */
function sizeOf(given: number | string, what: string): number {
  try {
    if (typeof given === 'number' || typeof given === 'string') return parseSize(given)
  } catch {
    // Said below.
  }
  throw argumentInvalid(what, 'a size such as 65536 (bytes) or "64KB"', given)
}

/** They begin with the test, whenever their first run is. */
async function declareAll(space: TaskSpace, schedules: readonly DeclaredSchedule[], now: number): Promise<void> {
  for (const schedule of new Set(schedules)) {
    const { name, rules } = schedule
    const spec = formatSpec(rules, { kind: 'code', application: 'test', generation: now })
    await space.commands.schedule({ name, spec, job: await schedule.template(space), next: nextSlot(rules, now) })
  }
}

/**
 * Runs the jobs of a test in its own process. Time stands still while a handler runs, unless somebody moves the clock: then limits
 * count as they do in a tree, but that only the job ends at its hard limit, and not the process.
 */
import { quoted } from '../base/printable.ts'
import { millisecondsGiven } from '../store/structures/structure.ts'
import type { TestClock } from '../store/test-store.ts'
import type { Job } from './engine/job.ts'
import type { Duration } from './given.ts'
import type { RunnableTask } from './runnable-task.ts'
import { describeError } from './runner/describe-error.ts'
import { refuseResult } from './runner/result-limit.ts'
import { currentJob, runJob, softLimit } from './runner/run-job.ts'
import { runnerError } from './runner/runner-error.ts'
import { fireSlots } from './schedule/fire-slots.ts'
import { parseSpec } from './schedule/schedule-spec.ts'
import { TaskError } from './task-error.ts'
import type { TaskSpace } from './task-space.ts'

export interface TestRunnerOptions {
  readonly space: TaskSpace
  readonly clock: TestClock
  readonly concurrency: number
  readonly resultBytesMax: number
  /** Of one `run` or `advance`: a task that always enqueues itself must not hang the test. 10,000 by default. */
  readonly runsMax?: number
  find(id: string): RunnableTask | undefined
  /** Before anything is begun, each time. */
  prepare(): Promise<void>
}

type ClaimedJob = Job & { readonly token: number }

interface Active {
  readonly job: ClaimedJob
  readonly startedAt: number
  readonly controller: AbortController
  /** Resolves when the store knows how it ended. */
  readonly ended: PromiseWithResolvers<void>
  /** Nobody wants to know any more how it ends. */
  isDropped: boolean
  isCancelled: boolean
}

const worker = 'test'
const session = { worker, slot: worker, pid: process.pid, host: 'test', pool: 'io', queues: [] }
const runsMaxDefault = 10_000
// The most that the store grants: the clock is moved in steps of half of it, and it is renewed before each.
const leaseMs = 86_400_000
// So that a schedule that never gets a run, of a paused queue, say, does not hang it either.
const haltsMax = 100_000
const atOnce = 100
// For a handler that was aborted while the clock is moved on: what it does then without waiting for the world outside.
const turns = 10

export class TestRunner {
  readonly #options: TestRunnerOptions
  readonly #active = new Set<Active>()
  readonly #forgetClock: (() => void) | undefined
  #beginning: Promise<void> = Promise.resolve()
  #calls = 0
  #begun = 0
  #ended = 0
  #last = ''
  #firedAt = Number.NaN
  /** As they were at the last claim. */
  #queues: readonly string[] = []
  #hasEntered = false
  #isClosed = false

  constructor(options: TestRunnerOptions) {
    this.#options = options
    this.#forgetClock = options.space.engine.clock?.onMove(() => this.#checkLimits())
  }

  /** Resolves when nothing is ready and nothing runs; with how many have begun meanwhile. */
  run(): Promise<number> {
    return this.#count('run', from => this.#runAll(from))
  }

  /** The same, and moves the clock on by so many milliseconds, with a halt wherever something is due. */
  advance(ms: number): Promise<number> {
    // Somebody else waits for the handlers that run: they may wait for the clock.
    const mayWait = this.#calls === 0
    return this.#count('advance', async from => {
      const { clock } = this.#options
      const end = clock.now() + ms
      for (let halts = 0; ; halts++) {
        if (mayWait) await this.#runAll(from)
        else await this.#runSome(from)
        if (halts > haltsMax) throw tooMany(`has stopped the clock ${haltsMax} times`, this.#last)
        if (clock.now() >= end || this.#isClosed) return
        const next = Math.min(end, await this.#nextHalt())
        this.moveClock(`${Math.max(1, next - clock.now())}ms`)
      }
    })
  }

  /**
   * Moves the clock on and runs nothing. The session outlives it, however far that is: the process that holds it is not gone.
   *
   * @throws {StoreError} as `advance` of a TestClock.
   */
  moveClock(duration: Duration): void {
    const { clock, space } = this.#options
    for (let left = millisecondsGiven(duration, 'advance'); left > 0; left -= leaseMs / 2) {
      // Carried out before the clock is moved. Who is there already stays, with a new lease; after a close there is nothing to hold.
      if (this.#hasEntered) void space.commands.enter(session, leaseMs).catch(() => {})
      clock.advance(`${Math.min(left, leaseMs / 2)}ms`)
    }
  }

  /** As if the process that runs the jobs was killed: they are interrupted, and begin again at the next `run`. */
  async interrupt(): Promise<number> {
    const lost = [...this.#active]
    for (const active of lost) this.#drop(active, runnerError('TASK_LEASE_LOST', 'The test has interrupted the job.'))
    if (this.#hasEntered) await this.#options.space.commands.leave(worker)
    this.#hasEntered = false
    for (const active of lost) this.#end(active)
    return lost.length
  }

  /** Aborts what somebody has cancelled. */
  async hearOrders(): Promise<void> {
    if (this.#active.size === 0) return
    const { commands } = this.#options.space
    const orders = await this.#now(signal => commands.orders(worker, leaseMs, { timeoutMs: 0, signal }))
    for (const active of this.#active) {
      if (active.isCancelled || !orders?.cancel.includes(active.job.id)) continue
      active.isCancelled = true
      active.controller.abort(runnerError('TASK_CANCELLED', 'The job was cancelled.'))
    }
  }

  /** What runs is aborted, and nobody hears of it any more. */
  close(): void {
    this.#isClosed = true
    this.#forgetClock?.()
    for (const active of [...this.#active]) {
      this.#drop(active, runnerError('TASK_PROCESS_ENDING', 'The test has ended.'))
      this.#end(active)
    }
  }

  async #count(what: string, work: (from: number) => Promise<void>): Promise<number> {
    if (currentJob()) {
      const advice = 'it would wait for itself. To move the time there, use tasks.clock.advance.'
      throw new TaskError('TASK_ARGUMENT_INVALID', `${what} was called in the handler of a task: ${advice}`)
    }
    const from = this.#begun
    this.#calls++
    try {
      await work(from)
    } finally {
      this.#calls--
    }
    return this.#begun - from
  }

  async #runAll(from: number): Promise<void> {
    for (;;) {
      const ended = this.#ended
      await this.#begin()
      this.#checkRuns(from)
      if (this.#active.size > 0) await Promise.race([...this.#active].map(active => active.ended.promise))
      else if (this.#ended === ended) return
    }
  }

  async #runSome(from: number): Promise<void> {
    await this.hearOrders()
    for (let before = -1; before !== this.#begun; ) {
      before = this.#begun
      for (let turn = 0; turn < turns; turn++) await new Promise(resolve => setImmediate(resolve))
      await this.#begin()
      this.#checkRuns(from)
    }
  }

  #checkRuns(from: number): void {
    const { runsMax = runsMaxDefault } = this.#options
    if (this.#begun - from > runsMax) throw tooMany(`has run ${runsMax} jobs, and there are more`, this.#last)
  }

  /** One after the other: two that claim would take each other's place. */
  #begin(): Promise<void> {
    this.#beginning = this.#beginning.catch(() => {}).then(() => this.#beginReady())
    return this.#beginning
  }

  async #beginReady(): Promise<void> {
    if (this.#isClosed) return
    await this.#options.prepare()
    await this.#fireSlots()
    for (let left = atOnce; left > 0 && this.#hasPlace(); left--) {
      // One by one: what the one before has enqueued may come first.
      const job = await this.#claim()
      if (!job) return
      this.#start(job)
    }
  }

  #hasPlace(): boolean {
    return !this.#isClosed && this.#active.size < this.#options.concurrency
  }

  async #fireSlots(): Promise<void> {
    const { space, clock } = this.#options
    // What is new meanwhile is not due before the clock has moved.
    if (this.#firedAt === clock.now()) return
    this.#firedAt = clock.now()
    const { schedules } = await space.commands.schedules()
    for (const schedule of schedules) {
      const spec = parseSpec(schedule.spec)
      if (spec && schedule.next <= clock.now()) await fireSlots(space.commands, schedule, spec, clock.now())
    }
  }

  async #claim(): Promise<ClaimedJob | undefined> {
    const { commands } = this.#options.space
    if (!this.#hasEntered) {
      await commands.enter(session, leaseMs)
      this.#hasEntered = true
    }
    for (;;) {
      const queues = this.#queues
      const claim = (signal: AbortSignal) => commands.claim(worker, { queues, free: 1 }, { timeoutMs: 0, signal })
      const jobs = queues.length === 0 ? [] : await this.#now(claim)
      if (jobs?.[0]) return jobs[0]
      this.#queues = (await commands.queues()).map(({ name }) => name)
      if (this.#queues.join('\n') === queues.join('\n')) return undefined
    }
  }

  /** What a command that waits says at once; undefined: it would wait. */
  async #now<Answer>(ask: (signal: AbortSignal) => Promise<Answer>): Promise<Answer | undefined> {
    const abort = new AbortController()
    const answer = ask(abort.signal)
    // What is there is answered before this one, which comes behind it.
    const behind = this.#options.space.commands.counts().then(() => abort.abort())
    try {
      return await answer
    } catch (error) {
      if (abort.signal.aborted) return undefined
      throw error
    } finally {
      await behind
    }
  }

  #start(job: ClaimedJob): void {
    const active: Active = {
      job,
      startedAt: this.#options.clock.now(),
      controller: new AbortController(),
      ended: Promise.withResolvers<void>(),
      isDropped: false,
      isCancelled: false,
    }
    this.#active.add(active)
    this.#begun++
    this.#last = job.task
    void this.#run(active)
  }

  async #run(active: Active): Promise<void> {
    const { job, controller } = active
    const task = this.#options.find(job.task)
    if (!task) return this.#fail(active, unknownTask(job))
    const { commands } = this.#options.space
    const storeProgress = async (text: string) => {
      // As in a tree: a handler does not fail of what the store does not take.
      if (!active.isDropped) await commands.progress(worker, job, text).catch(() => {})
    }
    // Its soft limit goes by the clock of the test.
    const { result, error } = await runJob(task, { job: { ...job, softMs: 0 }, controller, storeProgress })
    if (active.isDropped) return
    if (error !== undefined) return this.#fail(active, error)
    const refused = refuseResult(job, result, this.#options.resultBytesMax)
    if (refused) return this.#fail(active, refused, null)
    const { id, token } = job
    await commands.done(worker, [{ id, token, ...(result === undefined ? {} : { result }) }]).catch(() => {})
    this.#end(active)
  }

  async #fail(active: Active, error: unknown, retryMs = this.#retryDelay(active, error)): Promise<void> {
    const { id, token } = active.job
    const failure = { id, token, error: describeError(error), retryMs }
    await this.#options.space.commands.fail(worker, [failure]).catch(() => {})
    this.#end(active)
  }

  #retryDelay({ job, isCancelled }: Active, error: unknown): number | null {
    if (isCancelled) return null
    try {
      return this.#options.find(job.task)?.retryDelay(error, job.attempt) ?? null
    } catch {
      // As in a tree: a rule of retrying that throws has no answer.
      return null
    }
  }

  #end(active: Active): void {
    this.#active.delete(active)
    this.#ended++
    active.ended.resolve()
  }

  #drop(active: Active, reason: TaskError): void {
    active.isDropped = true
    active.controller.abort(reason)
  }

  /** The clock was moved, by whomever. */
  #checkLimits(): void {
    const now = this.#options.clock.now()
    for (const active of this.#active) {
      const { job, controller, startedAt } = active
      if (active.isDropped) continue
      const ms = now - startedAt
      if (job.softMs > 0 && ms >= job.softMs && !controller.signal.aborted) controller.abort(softLimit(job))
      if (job.hardMs > 0 && ms >= job.hardMs) this.#kill(active)
    }
  }

  #kill(active: Active): void {
    const { task, hardMs } = active.job
    const error = runnerError('TASK_HARD_LIMIT', `${task} has taken longer than its hard limit of ${hardMs} ms.`)
    this.#drop(active, error)
    void this.#fail(active, error)
  }

  /** When the clock is to stop next; never, when nothing is due. */
  async #nextHalt(): Promise<number> {
    const { space } = this.#options
    const { schedules } = await space.commands.schedules()
    const slots = schedules.filter(({ spec }) => parseSpec(spec)).map(({ next }) => next)
    return Math.min(...slots, ...this.#limits(), await this.#nextDue())
  }

  #limits(): number[] {
    const now = this.#options.clock.now()
    return [...this.#active]
      .flatMap(({ startedAt, job: { softMs, hardMs } }) => [softMs, hardMs].filter(Boolean).map(ms => startedAt + ms))
      .filter(at => at > now)
  }

  /** When the next job becomes ready that waits for its time. */
  async #nextDue(): Promise<number> {
    const { space, clock } = this.#options
    const now = clock.now()
    let next = Number.POSITIVE_INFINITY
    let cursor: string | undefined
    do {
      const page = await space.commands.list({
        states: ['scheduled'],
        limit: 1_000,
        textBytesMax: 0,
        ...(cursor === undefined ? {} : { cursor }),
      })
      for (const { due = 0 } of page.jobs) if (due > now && due < next) next = due
      cursor = page.cursor
    } while (cursor !== undefined)
    return next
  }
}

function unknownTask({ task }: Job): TaskError {
  return new TaskError('TASK_UNKNOWN', `No task ${quoted(task)} is here: createTestTasks({ tasks: [ … ] }).`)
}

function tooMany(what: string, task: string): TaskError {
  const message = `A single run or advance ${what}; the last one was of task ${quoted(task)}: does it enqueue itself?`
  return new TaskError('TASK_ARGUMENT_INVALID', message)
}

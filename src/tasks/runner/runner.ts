/**
 * Runs jobs: claims as many as there are places free, runs them, and tells the store how they ended. One claim is under way at a
 * time. The session that it claims in is held by the keeper (session-keeper.ts), which says when it begins and when it is lost.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { backoffMs } from '../../base/backoff.ts'
import { messageOf } from '../../base/errors.ts'
import type { LogFields, LogLevel } from '../../base/log.ts'
import type { Job } from '../engine/job.ts'
import type { TaskEngine } from '../engine/task-engine.ts'
import type { RunnableTask } from '../runnable-task.ts'
import { TaskError } from '../task-error.ts'
import { Acks, type Ending } from './acks.ts'
import { type ActiveTable, monotonicMs } from './active-table.ts'
import { describeError } from './describe-error.ts'
import { drawOrder } from './queue-order.ts'
import { refuseResult } from './result-limit.ts'
import { type Outcome, runJob } from './run-job.ts'
import { runnerError } from './runner-error.ts'
import { returnStrays } from './stray-jobs.ts'
import { within } from './within.ts'

export type RunnerEngine = Pick<TaskEngine, 'claim' | 'list' | 'done' | 'fail' | 'giveBack' | 'progress'>

export interface RunnerOptions {
  readonly engine: RunnerEngine
  readonly tasks: ReadonlyMap<string, RunnableTask>
  readonly queues: readonly string[]
  readonly weights: Readonly<Record<string, number>>
  /** A place for each job that may run at once. */
  readonly table: ActiveTable
  readonly resultBytesMax: number
  /** After so many jobs `onWorn` is called, once; 0 never. */
  readonly jobsMax: number
  onWorn(reason: string): void
  log(level: LogLevel, event: string, fields: LogFields): void
}

type ClaimedJob = Job & { readonly token: number }

/** A job in its place. */
interface Active {
  readonly job: ClaimedJob
  readonly worker: string
  readonly place: number
  readonly startedAt: number
  readonly controller: AbortController
  /** Nobody wants to know any more how it ends. */
  isDropped: boolean
  /** Somebody has asked for its end: no further attempt. */
  isCancelled: boolean
}

const claimWaitMs = 60_000
const emptyMs = 50
const claimRetry = { min: 50, max: 2_000 }
// The store is slower than the jobs: what it has not heard of must not grow without end.
const pendingMax = 2_000
const unknownRetryMs = 5_000
// For handlers that listen to their signal.
const abortMs = 100
// Behind a store that does not answer the process ends all the same, and its jobs count as interrupted.
const lastWordMs = 2_000

export class Runner {
  readonly #options: RunnerOptions
  readonly #acks: Acks
  readonly #active = new Map<string, Active>()
  readonly #freePlaces: number[]
  #session: { readonly worker: string; readonly claims: AbortController } | undefined
  /** Wakes the loop of claims: a place is free, a session has begun, or all is to end. */
  #wake = Promise.withResolvers<void>()
  #loop: Promise<void> = Promise.resolve()
  #isDraining = false
  #begun = 0

  constructor(options: RunnerOptions) {
    this.#options = options
    this.#freePlaces = Array.from({ length: options.table.size }, (_, index) => options.table.size - 1 - index)
    this.#acks = new Acks({
      engine: options.engine,
      isOver: worker => this.#session?.worker !== worker,
      onTrouble: (error, jobs) => options.log('warn', 'tasks.unacknowledged', { jobs, error: messageOf(error) }),
    })
  }

  /** The jobs that run now. */
  get active(): readonly Job[] {
    return [...this.#active.values()].map(({ job }) => job)
  }

  /** How many jobs have begun here. */
  get begun(): number {
    return this.#begun
  }

  /** The session has begun: jobs may be claimed in it. */
  enter(worker: string): void {
    this.#session = { worker, claims: new AbortController() }
    this.#wakeUp()
  }

  /** The session is over: its jobs were given to others, whatever comes of them here. */
  lose(worker: string): void {
    if (this.#session?.worker !== worker) return
    this.#session.claims.abort(leaseLost())
    this.#session = undefined
    for (const active of this.#active.values()) this.#drop(active)
  }

  /** Aborts jobs that somebody has cancelled. */
  cancel(ids: readonly string[]): void {
    for (const id of ids) {
      const active = this.#active.get(id)
      if (!active || active.isCancelled) continue
      active.isCancelled = true
      active.controller.abort(runnerError('TASK_CANCELLED', 'The job was cancelled.'))
    }
  }

  /** Claims and runs jobs until `drain` or `crash`. */
  run(): Promise<void> {
    this.#loop = this.#claimJobs()
    return this.#loop
  }

  async #claimJobs(): Promise<void> {
    for (let failures = 0; !this.#isDraining; ) {
      const session = this.#session
      const free = this.#freePlaces.length
      if (!session || free === 0 || this.#acks.pending > pendingMax) {
        await this.#wake.promise
        continue
      }
      try {
        if (failures > 0) await this.#returnStrays(session.worker)
        await this.#claim(session.worker, free, session.claims.signal)
        failures = 0
      } catch (error) {
        if (this.#isDraining || session.claims.signal.aborted) continue
        if (failures++ === 0) this.#options.log('warn', 'tasks.unclaimed', { error: messageOf(error) })
        await pause(backoffMs(failures, claimRetry))
      }
    }
  }

  async #returnStrays(worker: string): Promise<void> {
    // One that has ended, and of which the store has not heard yet, is known, too.
    await this.#acks.settled()
    const jobs = await returnStrays(this.#options.engine, worker, id => this.#active.has(id))
    if (jobs > 0) this.#options.log('info', 'tasks.returned', { jobs })
  }

  async #claim(worker: string, free: number, signal: AbortSignal): Promise<void> {
    const { engine, queues, weights } = this.#options
    const order = drawOrder(queues, weights)
    const askedAt = monotonicMs()
    const jobs = await engine.claim(worker, { queues: order, free }, { timeoutMs: claimWaitMs, signal })
    for (const job of jobs ?? []) this.#begin(job, worker)
    // Of a session that is over nothing comes, and at once: the keeper is about to hear of it, too.
    if (!jobs?.length && monotonicMs() - askedAt < emptyMs) await pause(emptyMs)
  }

  #begin(job: ClaimedJob, worker: string): void {
    const place = this.#freePlaces.pop()
    // The session was lost, or the drain has begun, while the answer was on its way.
    if (place === undefined || this.#isDraining || this.#session?.worker !== worker) {
      if (place !== undefined) this.#freePlaces.push(place)
      void this.#acks.tell({ id: job.id, token: job.token, worker }, { as: 'returned' })
      return
    }
    const startedAt = monotonicMs()
    const active: Active = {
      job,
      worker,
      place,
      startedAt,
      controller: new AbortController(),
      isDropped: false,
      isCancelled: false,
    }
    this.#active.set(job.id, active)
    this.#options.table.set(place, {
      id: job.id,
      token: job.token,
      attempt: job.attempt,
      started: startedAt,
      deadline: job.hardMs > 0 ? startedAt + job.hardMs : Number.POSITIVE_INFINITY,
      retryMs: job.hardMs > 0 ? this.#retryDelay(job, runnerError('TASK_HARD_LIMIT', 'hard limit')) : null,
    })
    this.#count()
    void this.#run(active)
  }

  #count(): void {
    const { jobsMax, onWorn } = this.#options
    if (++this.#begun === jobsMax) onWorn(`${jobsMax} jobs`)
  }

  async #run(active: Active): Promise<void> {
    const { job, controller } = active
    const storeProgress = (text: string) => this.#storeProgress(active, text)
    const outcome = await runJob(this.#options.tasks.get(job.task), { job, controller, storeProgress })
    this.#options.table.clear(active.place)
    this.#freePlaces.push(active.place)
    if (this.#active.get(job.id) === active) this.#active.delete(job.id)
    if (!active.isDropped) void this.#tell(active, this.#endingOf(active, outcome))
    this.#wakeUp()
  }

  #endingOf({ job, controller, isCancelled }: Active, { result, error }: Outcome): Ending {
    if (error === undefined) {
      const refused = refuseResult(job, result, this.#options.resultBytesMax)
      return refused ? { as: 'failed', error: describeError(refused), retryMs: null } : { as: 'done', result }
    }
    // Whatever it throws behind this abort, it is the end of the process and not its own.
    if (isEndingReason(controller.signal.reason)) return { as: 'returned' }
    return { as: 'failed', error: describeError(error), retryMs: isCancelled ? null : this.#retryDelay(job, error) }
  }

  #retryDelay(job: Job, error: unknown): number | null {
    const task = this.#options.tasks.get(job.task)
    // A deploy is under way, and the process that knows it comes.
    if (!task) return unknownRetryMs * job.attempt
    try {
      return task.retryDelay(error, job.attempt)
    } catch (failure) {
      this.#options.log('error', 'task.retry-failed', { task: job.task, error: messageOf(failure) })
      return null
    }
  }

  async #tell({ job, worker, startedAt }: Active, ending: Ending): Promise<void> {
    const ms = Math.round(monotonicMs() - startedAt)
    const { id, task, attempt } = job
    const verdict = await this.#acks.tell({ id, token: job.token, worker }, ending)
    this.#wakeUp()
    if (verdict === 'lost' && ending.as !== 'returned')
      this.#options.log('warn', 'task.lost', { id, task, attempt, ms })
    else if (ending.as === 'failed') {
      const isDead = ending.retryMs === null || attempt >= job.attempts
      const error = `${ending.error.name}: ${ending.error.message}`
      const fields = { id, task, attempt, ms, error, retryMs: isDead ? undefined : (ending.retryMs ?? undefined) }
      this.#options.log(isDead ? 'error' : 'warn', isDead ? 'task.dead' : 'task.failed', fields)
    } else if (ending.as === 'returned') this.#options.log('info', 'task.returned', { id, task, attempt, ms })
  }

  async #storeProgress(active: Active, text: string): Promise<void> {
    const { job, worker } = active
    if (active.isDropped) return
    try {
      const verdict = await this.#options.engine.progress(worker, { id: job.id, token: job.token }, text)
      if (verdict === 'lost' && this.#active.get(job.id) === active) this.#drop(active)
    } catch (error) {
      // The next one may arrive. A handler must not fail of what nobody may look at.
      this.#options.log('debug', 'task.progress-lost', { id: job.id, error: messageOf(error) })
    }
  }

  /** It was given to another process. */
  #drop(active: Active): void {
    if (active.isDropped) return
    active.isDropped = true
    const { id, task, attempt } = active.job
    const ms = Math.round(monotonicMs() - active.startedAt)
    this.#options.log('warn', 'task.lost', { id, task, attempt, ms })
    active.controller.abort(leaseLost())
  }

  /**
   * Claims nothing more, and resolves when no job is left and the store knows it. Jobs may go on for `timeoutMs` milliseconds; then
   * they are aborted, and given back as if they had not begun.
   */
  async drain(timeoutMs: number): Promise<void> {
    this.#stopClaims()
    await within(timeoutMs, this.#idle())
    const reason = runnerError('TASK_PROCESS_ENDING', 'The process ends; the job runs again elsewhere.')
    for (const { controller } of this.#active.values()) controller.abort(reason)
    await within(abortMs, this.#idle())
    for (const active of this.#active.values()) this.#return(active)
    await within(lastWordMs, Promise.all([this.#loop, this.#acks.settled()]))
  }

  /**
   * The process has to end: a handler has thrown where nobody caught it. It is that of `job`, if that is known; then this one has
   * failed, and the others are given back. Else all count as interrupted, so that the guilty one is found in the end.
   */
  async crash(error: unknown, job: Job | undefined): Promise<void> {
    this.#stopClaims()
    const all = [...this.#active.values()].filter(({ isDropped }) => !isDropped)
    const guilty = all.find(active => active.job === job) ?? (all.length === 1 ? all[0] : undefined)
    const jobs = all.map(({ job: { id, task } }) => `${task} ${id}`).join(', ')
    const { stack } = describeError(error)
    this.#options.log('error', 'tasks.crashed', { id: guilty?.job.id, error: messageOf(error), jobs, stack })
    if (guilty) {
      const crashed = runnerError('TASK_CRASHED', `Thrown where nobody caught it: ${messageOf(error)}`)
      const retryMs = this.#retryDelay(guilty.job, error)
      guilty.isDropped = true
      void this.#tell(guilty, { as: 'failed', error: { ...describeError(crashed), stack: stack ?? '' }, retryMs })
      for (const active of all) if (active !== guilty) this.#return(active)
    }
    await within(lastWordMs, this.#acks.settled())
  }

  #stopClaims(): void {
    this.#isDraining = true
    this.#session?.claims.abort()
    this.#wakeUp()
  }

  #return(active: Active): void {
    if (active.isDropped) return
    active.isDropped = true
    void this.#tell(active, { as: 'returned' })
  }

  async #idle(): Promise<void> {
    while (this.#active.size > 0) await this.#wake.promise
  }

  #wakeUp(): void {
    this.#wake.resolve()
    this.#wake = Promise.withResolvers<void>()
  }
}

function leaseLost(): TaskError {
  const message =
    'The job was given to another process, because this one was silent for too long. Its result is not kept.'
  return runnerError('TASK_LEASE_LOST', message)
}

function isEndingReason(reason: unknown): boolean {
  return reason instanceof TaskError && reason.code === 'TASK_PROCESS_ENDING'
}

/**
 * The commands of the task engine (`saola.task.*`), as the rest of this room calls them. Each is one atomic step in the store: in
 * the owner of an embedded one, as a script on Redis. What the state of a job becomes is decided there and nowhere else.
 */
import type { Call, Engine } from '../../store/engines/engine.ts'
import type { Reply } from '../../store/resp/reply.ts'
import type {
  Enqueued,
  Job,
  JobError,
  JobFilter,
  NewJob,
  QueueInfo,
  Schedule,
  TaskInfo,
  Verdict,
  WorkerInfo,
} from './job.ts'

/** The key of all tasks of a store; the braces keep them in one slot of a cluster. */
export const taskKey = '{saola:tasks}'

export interface Session {
  /** Of this process, new with each start. */
  readonly worker: string
  /** Of its place in the tree, the same for whoever comes after it: what an earlier process here had is given to others. */
  readonly slot: string
  readonly pid: number
  readonly host: string
  readonly pool: string
  readonly queues: readonly string[]
  /** What it can run, for `saola tasks run`; the store keeps it as it is. */
  readonly tasks?: readonly TaskInfo[]
}

export interface Orders {
  /** Jobs of this worker that are to be aborted. */
  readonly cancel: readonly string[]
}

/** What `retry` and `remove` have changed. */
export interface Changed {
  /** May be 0 where there is a cursor. */
  readonly count: number
  /** For the next call, with the same filter, if there may be more; never for ids. */
  readonly cursor?: string
}

export interface WaitOptions {
  /** 0 waits for ever. */
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
}

/**
 * All methods reject with a StoreError: what the command says, or STORE_UNAVAILABLE, STORE_TIMEOUT, STORE_BUSY, STORE_CLOSED.
 */
export class TaskEngine {
  readonly #engine: Engine

  constructor(engine: Engine) {
    this.#engine = engine
  }

  /** Durable when it resolves; all or none. At most 10,000. */
  async enqueue(jobs: readonly NewJob[]): Promise<readonly Enqueued[]> {
    return readEnqueued(await this.#engine.call(enqueueCall(jobs)))
  }

  /**
   * Up to `free` jobs of these queues, the first of them first; waits until there is one. Undefined when the time is over. Each is
   * active then, with a token, and counted as begun.
   */
  async claim(
    worker: string,
    { queues, free }: { queues: readonly string[]; free: number },
    options: WaitOptions,
  ): Promise<readonly (Job & { readonly token: number })[] | undefined> {
    const texts = JSON.stringify(queues)
    return parse(
      await this.#engine.wait(
        (request, timeoutMs) => ['saola.task.claim', taskKey, worker, texts, free, timeoutMs, request],
        options,
      ),
    )
  }

  /** This process begins. Sessions of its slot that are left are over: their jobs go to others at once. */
  async enter(session: Session, leaseMs: number): Promise<void> {
    await this.#engine.call([
      'saola.task.enter',
      taskKey,
      session.worker,
      session.slot,
      leaseMs,
      JSON.stringify(session),
    ])
  }

  /** Holds on to the session for so long from now on, and waits for something to do. Undefined: the session is over. */
  async orders(worker: string, leaseMs: number, options: WaitOptions): Promise<Orders | undefined> {
    return parse(
      await this.#engine.wait(
        (request, timeoutMs) => ['saola.task.orders', taskKey, worker, leaseMs, timeoutMs, request],
        options,
      ),
    )
  }

  /** The session is over. What it still had was interrupted, also what is cancelled by that: an interruption more, an attempt less. */
  async leave(worker: string): Promise<void> {
    await this.#engine.call(['saola.task.leave', taskKey, worker])
  }

  async done(
    worker: string,
    jobs: readonly { id: string; token: number; result?: string | undefined }[],
  ): Promise<readonly Verdict[]> {
    return parse(await this.#engine.call(['saola.task.done', taskKey, worker, JSON.stringify(jobs)]))
  }

  /** `retryMs` null: there is no further attempt, whatever is left. */
  async fail(
    worker: string,
    jobs: readonly { id: string; token: number; error: JobError; retryMs: number | null }[],
  ): Promise<readonly Verdict[]> {
    return parse(await this.#engine.call(['saola.task.fail', taskKey, worker, JSON.stringify(jobs)]))
  }

  /** Ready again, in their old place, as if they had not begun: of a process that ends in order. */
  async giveBack(worker: string, jobs: readonly { id: string; token: number }[]): Promise<readonly Verdict[]> {
    return parse(await this.#engine.call(['saola.task.return', taskKey, worker, JSON.stringify(jobs)]))
  }

  async progress(worker: string, job: { id: string; token: number }, progress: string): Promise<Verdict> {
    return parse(await this.#engine.call(['saola.task.progress', taskKey, worker, job.id, job.token, progress]))
  }

  /** `asked`: it is active; its worker is told, and it is cancelled when that has stopped. Undefined: there is none. */
  async cancel(id: string): Promise<'cancelled' | 'asked' | 'finished' | undefined> {
    return parse(await this.#engine.call(['saola.task.cancel', taskKey, id]))
  }

  /** The job as soon as its version is larger; undefined when the time is over or there is no such job. */
  async waitFor(id: string, version: number, options: WaitOptions): Promise<Job | undefined> {
    return parse(
      await this.#engine.wait(
        (request, timeoutMs) => ['saola.task.wait', taskKey, id, version, timeoutMs, request],
        options,
      ),
    )
  }

  async get(id: string): Promise<Job | undefined> {
    return parse(await this.#engine.call(['saola.task.get', taskKey, id]))
  }

  /** The newest first: fewer than `limit` when they are large (8 MiB a page), with a cursor. */
  async list(filter: JobFilter): Promise<{ readonly jobs: readonly Job[]; readonly cursor?: string }> {
    return parse(await this.#engine.call(['saola.task.list', taskKey, JSON.stringify(filter)]))
  }

  /**
   * Dead and cancelled jobs are ready again, with all their attempts; what has ended by them waits for them again. Not those whose
   * unique key another one has, or that wait for a job that is dead. At most 1,000 a call, the newest first. A call looks at some
   * thousand jobs and no more, so that others are not held up: as long as there is a `cursor`, ask again.
   */
  async retry(which: { readonly ids: readonly string[] } | JobFilter): Promise<Changed> {
    return parse(await this.#engine.call(['saola.task.retry', taskKey, JSON.stringify(which)]))
  }

  /** Removes finished jobs, or with `states` those that have not begun: as many as `retry`. */
  async remove(which: { readonly ids: readonly string[] } | JobFilter): Promise<Changed> {
    return parse(await this.#engine.call(['saola.task.remove', taskKey, JSON.stringify(which)]))
  }

  /** Of a paused queue nothing begins. */
  async pause(queue: string, isPaused: boolean): Promise<void> {
    await this.#engine.call(['saola.task.pause', taskKey, queue, isPaused ? 1 : 0])
  }

  async queues(): Promise<readonly QueueInfo[]> {
    return parse(await this.#engine.call(['saola.task.queues', taskKey]))
  }

  /** How many jobs there are, by state. */
  async counts(): Promise<Readonly<Record<string, number>>> {
    return parse(await this.#engine.call(['saola.task.counts', taskKey]))
  }

  async workers(): Promise<readonly WorkerInfo[]> {
    return parse(await this.#engine.call(['saola.task.workers', taskKey]))
  }

  /** New, or anew when its `spec` or `job` is another; else `next` stays what it was. */
  async schedule(schedule: Omit<Schedule, 'last' | 'lastJob'>): Promise<'new' | 'changed' | 'same'> {
    return parse(await this.#engine.call(['saola.task.schedule', taskKey, schedule.name, JSON.stringify(schedule)]))
  }

  async unschedule(name: string): Promise<boolean> {
    return parse(await this.#engine.call(['saola.task.unschedule', taskKey, name]))
  }

  /** With the clock of the store, by which they are due. */
  async schedules(): Promise<{ readonly now: number; readonly schedules: readonly Schedule[] }> {
    return parse(await this.#engine.call(['saola.task.schedules', taskKey]))
  }

  /**
   * The slot has come: enqueues the jobs and sets the next slot, if nobody else has done so. `skipped`: the job of the slot before
   * is not finished, and `mayOverlap` is false; the next slot is set. Without jobs the slot is given up, and `lastJob` stays.
   */
  async fire(
    name: string,
    slot: number,
    options: { readonly next: number; readonly jobs: readonly NewJob[]; readonly mayOverlap: boolean },
  ): Promise<'fired' | 'late' | 'skipped'> {
    return parse(await this.#engine.call(['saola.task.fire', taskKey, name, slot, JSON.stringify(options)]))
  }
}

/** For a transaction of the store. */
export function enqueueCall(jobs: readonly NewJob[]): Call {
  return ['saola.task.enqueue', taskKey, JSON.stringify(jobs)]
}

/** What came of them, by what the store has answered to `enqueueCall`. */
export function readEnqueued(reply: Reply): readonly Enqueued[] {
  return parse(reply)
}

/** Replies are JSON, but for null. */
function parse<Value>(reply: Reply): Value {
  return (reply === null ? undefined : JSON.parse(String(reply))) as Value
}

/**
 * Holds the session of a process in the store, and the hard limits of its jobs. It runs in a thread of its own: a handler that
 * computes for a minute without a pause keeps its jobs, and one that never ends can be ended.
 *
 * A process over a hard limit is killed, since nothing else stops code that does not listen. What is said before: the job that took
 * too long has failed, the others are given back as if they had not begun.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { backoffMs } from '../../base/backoff.ts'
import type { Session, TaskEngine } from '../engine/task-engine.ts'
import { type ActiveEntry, type ActiveTable, monotonicMs } from './active-table.ts'
import { describeError } from './describe-error.ts'
import { runnerError } from './runner-error.ts'
import { within } from './within.ts'

export type KeeperEngine = Pick<TaskEngine, 'enter' | 'orders' | 'leave' | 'fail' | 'giveBack'>

export interface KeeperOptions {
  readonly engine: KeeperEngine
  readonly table: ActiveTable
  /** All of it but the name, which is new for each session. */
  readonly session: Omit<Session, 'worker'>
  readonly leaseMs: number
  /** Tells the main thread. */
  tell(news: KeeperNews): void
  log(event: string, fields: Record<string, string | number>): void
  /** Ends the process at once. */
  kill(): void
  readonly now?: () => number
}

export type KeeperNews =
  | { readonly type: 'entered'; readonly worker: string }
  | { readonly type: 'lost'; readonly worker: string }
  | { readonly type: 'cancel'; readonly ids: readonly string[] }
  | { readonly type: 'left' }

const checkMs = 100
// Behind a store that does not answer the process is killed all the same, and the job counts as interrupted.
const lastWordMs = 2_000
const retry = { min: 50, max: 2_000 }
// The store says it again as long as the job runs: its handler may take its time to hear it.
const ordersApartMs = 50

export class SessionKeeper {
  readonly #options: KeeperOptions
  readonly #ending = new AbortController()
  #worker: string | undefined
  #sessions = 0
  #timer: NodeJS.Timeout | undefined
  #isKilling = false

  constructor(options: KeeperOptions) {
    this.#options = options
  }

  /** Runs until `leave`. */
  async run(): Promise<void> {
    this.#timer = setInterval(() => void this.checkLimits(), checkMs)
    while (!this.#isEnding) {
      const worker = await this.#enter()
      if (worker === undefined) break
      this.#options.tell({ type: 'entered', worker })
      await this.#hold(worker)
      this.#worker = undefined
      if (!this.#isEnding) this.#options.tell({ type: 'lost', worker })
    }
  }

  /** Ends the session: the process has given back what it had. */
  async leave(): Promise<void> {
    const worker = this.#worker
    this.#ending.abort()
    clearInterval(this.#timer)
    if (worker !== undefined) await within(lastWordMs, this.#options.engine.leave(worker)).catch(() => {})
    this.#options.tell({ type: 'left' })
  }

  get #isEnding(): boolean {
    return this.#ending.signal.aborted
  }

  async #enter(): Promise<string | undefined> {
    const { engine, session, leaseMs, log } = this.#options
    const worker = `${session.slot}#${session.pid}.${++this.#sessions}`
    // From here on: a process that ends while it enters has to leave, too.
    this.#worker = worker
    for (let failures = 1; !this.#isEnding; failures++) {
      try {
        await engine.enter({ ...session, worker }, leaseMs)
        return worker
      } catch (error) {
        if (failures === 1) log('tasks.waiting', { reason: describeError(error).message })
        await pause(backoffMs(failures, retry))
      }
    }
    return undefined
  }

  /** Renews the lease and hears what is to be done, until the session is over. */
  async #hold(worker: string): Promise<void> {
    const { engine, leaseMs, tell } = this.#options
    const timeoutMs = Math.ceil(leaseMs / 3)
    for (let failures = 0; !this.#isEnding; ) {
      try {
        const orders = await engine.orders(worker, leaseMs, { timeoutMs, signal: this.#ending.signal })
        if (!orders) return
        failures = 0
        if (orders.cancel.length > 0) {
          tell({ type: 'cancel', ids: orders.cancel })
          await pause(ordersApartMs)
        }
      } catch {
        // A store that is away gives its jobs to nobody. Whether the session has outlived it, it says when it is back.
        if (!this.#isEnding) await pause(backoffMs(++failures, retry))
      }
    }
  }

  /** Kills the process when one of its jobs is over its hard limit. */
  async checkLimits(): Promise<void> {
    const worker = this.#worker
    const now = (this.#options.now ?? monotonicMs)()
    const entries = this.#options.table.entries()
    const late = entries.filter(({ deadline }) => deadline <= now)
    if (late.length === 0 || this.#isKilling) return
    this.#isKilling = true
    if (worker !== undefined) await within(lastWordMs, this.#fail(worker, late, now)).catch(() => {})
    // It has ended meanwhile, and the store has heard of it: nobody has to die.
    const left = this.#options.table.entries()
    const isLate = late.some(({ id, token }) => left.some(entry => entry.id === id && entry.token === token))
    this.#isKilling = false
    if (!isLate) return
    this.#isKilling = true
    const others = left.filter(({ deadline }) => deadline > now)
    if (worker !== undefined && others.length > 0) {
      await within(
        lastWordMs,
        this.#options.engine.giveBack(
          worker,
          others.map(({ id, token }) => ({ id, token })),
        ),
      ).catch(() => {})
    }
    for (const { id, attempt, started } of late) {
      this.#options.log('task.killed', { id, attempt, ms: Math.round(now - started), returned: others.length })
    }
    this.#options.kill()
  }

  #fail(worker: string, late: readonly ActiveEntry[], now: number): Promise<unknown> {
    const jobs = late.map(({ id, token, started, deadline, retryMs }) => {
      const limit = `its hard limit of ${Math.round(deadline - started)} ms`
      const message = `The job ran for ${Math.round(now - started)} ms, longer than ${limit}, and its process was killed.`
      return { id, token, error: describeError(runnerError('TASK_HARD_LIMIT', message)), retryMs }
    })
    return this.#options.engine.fail(worker, jobs)
  }
}

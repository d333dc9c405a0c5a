import type { TestContext } from 'node:test'
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises'
import { waitTimeoutMs } from './http-connection.ts'

export interface LoadResult {
  /** Requests, or messages, that were answered in full. */
  readonly ok: number
  readonly failed: number
  /** What went wrong, the same text once with its count, at most 20. */
  readonly errors: readonly string[]
}

export interface LoadOptions {
  /** How many users do the same side by side. Default 2. */
  readonly lanes?: number
  /** How long each waits between two exchanges. Default 10: at full speed two cores would do little but serve the load. */
  readonly pauseMs?: number
}

/** One user, who begins the next exchange when the last one has ended. */
export interface Lane {
  /** Tells the tally how each request ended. What it throws is one failure more. */
  exchange(tally: Tally): Promise<void>
  /** Ends the lane for good, and an exchange that is going on with an error. */
  close(): void
}

const differentErrorsMax = 20
const pauseAfterFailureMs = 50
const lookEveryMs = 10

/** Counts how requests ended. */
export class Tally {
  ok = 0
  failed = 0
  readonly #errors = new Map<string, number>()

  succeed(): void {
    this.ok += 1
  }

  fail(error: unknown): void {
    this.failed += 1
    const message = error instanceof Error ? error.message : String(error)
    if (this.#errors.has(message) || this.#errors.size < differentErrorsMax) {
      this.#errors.set(message, (this.#errors.get(message) ?? 0) + 1)
    }
  }

  get result(): LoadResult {
    const errors = [...this.#errors].map(([message, count]) => `${count} × ${message}`)
    return { ok: this.ok, failed: this.failed, errors }
  }
}

/** Keeps a server busy until it is stopped, and never repeats a request that failed. */
export class LoadClient {
  readonly #lanes: readonly Lane[]
  readonly #pauseMs: number
  readonly #tally = new Tally()
  #isStopping = false
  #running: Promise<unknown> = Promise.resolve()

  constructor(t: TestContext, makeLane: () => Lane, options: LoadOptions) {
    this.#lanes = Array.from({ length: options.lanes ?? 2 }, makeLane)
    this.#pauseMs = options.pauseMs ?? 10
    t.after(() => this.#abort())
  }

  start(): this {
    this.#running = Promise.all(this.#lanes.map(lane => this.#run(lane)))
    return this
  }

  /** Lets each lane end its exchange, and says how all of them went. */
  async stop(): Promise<LoadResult> {
    this.#isStopping = true
    await this.#running
    return this.#tally.result
  }

  /**
   * Resolves when so many more requests were answered.
   *
   * @throws {Error} when that takes too long, with the failures until then.
   */
  async answered(count: number, options: { readonly timeoutMs?: number } = {}): Promise<void> {
    const timeoutMs = options.timeoutMs ?? waitTimeoutMs
    const goal = this.#tally.ok + count
    const deadlineMs = performance.now() + timeoutMs
    while (this.#tally.ok < goal) {
      if (performance.now() > deadlineMs) {
        throw new Error(`Not ${count} answers in ${timeoutMs} ms: ${JSON.stringify(this.#tally.result)}`)
      }
      await pause(lookEveryMs)
    }
  }

  async #run(lane: Lane): Promise<void> {
    while (!this.#isStopping) {
      try {
        await lane.exchange(this.#tally)
        await pause(this.#pauseMs)
        // After a timer the sockets are looked at: when this process has stood still, the end of an idle connection may be there, and
        // has to be seen before the next request goes that way.
        await nextTurn()
      } catch (error) {
        this.#tally.fail(error)
        await pause(pauseAfterFailureMs)
      }
    }
    lane.close()
  }

  async #abort(): Promise<void> {
    this.#isStopping = true
    for (const lane of this.#lanes) lane.close()
    await this.#running
  }
}

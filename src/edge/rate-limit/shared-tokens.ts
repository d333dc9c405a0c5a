/**
 * The tokens of all workers, in the shared store. While that does not answer, each worker has its part of the rate for
 * itself, and asks again each second whether it is back.
 *
 * That must not give the burst away once more, neither when the store goes, since what was left of it is not known, nor when
 * it is back, since its bucket has filled meanwhile. So a worker begins alone without a burst, which comes in with time, or with
 * one token for a key that was not asked for of late; and what it took alone it takes from the store as well, when that answers
 * it again.
 */
import type { Clock } from '../../base/clock.ts'
import { messageOf } from '../../base/errors.ts'
import type { TokenRate } from '../../base/gcra.ts'
import type { Store } from '../../store/store.ts'
import type { EdgeServices } from '../services.ts'
import type { Bucket, Grant, TokenSource } from './bucket.ts'
import { LocalTokens, shareOf } from './local-tokens.ts'

/** An answer that takes longer is not waited for. */
const answerMs = 2_000
const tryAgainMs = 1_000
/** A store that is only being started is waited for, before the first request comes. */
const startMs = 5_000

export type TokenStore = Pick<Store, 'command'>

export interface SharedTokensOptions {
  readonly rate: TokenRate
  /** Before the key of a request: `ratelimit:web:1f2e:`. */
  readonly prefix: string
  readonly services: Pick<EdgeServices, 'clock' | 'log' | 'workers' | 'openStore'>
}

export class SharedTokens implements TokenSource {
  readonly #store: StoreLine
  readonly #local: LocalTokens
  readonly #share: TokenRate
  readonly #clock: Clock
  readonly #prefix: string
  readonly #rateArguments: readonly number[]
  readonly #workers: number
  /** After so many milliseconds without a request all tokens are there. */
  readonly #fillMs: number

  constructor(store: StoreLine, { rate, prefix, services }: SharedTokensOptions) {
    this.#store = store
    this.#prefix = prefix
    this.#workers = services.workers
    this.#clock = services.clock
    this.#share = shareOf(rate, services.workers)
    this.#local = new LocalTokens(this.#share, services.clock)
    this.#rateArguments = [rate.count, rate.periodUs / 1000, rate.burst]
    this.#fillMs = (rate.burst * rate.periodUs) / rate.count / 1000
  }

  take(bucket: Bucket, needed: number, ahead: number): Grant | Promise<Grant> {
    if (!this.#store.mayAsk()) return this.#takeAlone(bucket, needed)
    const owed = this.#owedBy(bucket)
    const asked = this.#store.ask(
      ['saola.ratelimit.take', this.#prefix + bucket.key, ...this.#rateArguments, needed + owed, ahead, this.#workers],
      // What comes too late nobody uses.
      late => this.giveBack(bucket, grantOf(late).granted),
    )
    return asked.then(reply => {
      if (reply === undefined) return this.#takeAlone(bucket, needed)
      const grant = grantOf(reply)
      const paid = Math.min(owed, grant.granted)
      bucket.takenAlone = owed - paid
      bucket.countedAt = this.#clock.now()
      return { ...grant, granted: grant.granted - paid }
    })
  }

  giveBack(bucket: Bucket, tokens: number): Promise<void> | undefined {
    if (tokens === 0 || !this.#store.isUp) return
    const args = [this.#prefix + bucket.key, ...this.#rateArguments, tokens] as const
    return this.#store.ask(['saola.ratelimit.return', ...args]).then(() => {})
  }

  #takeAlone(bucket: Bucket, needed: number): Grant {
    const { downAt, wasQuiet } = this.#store
    if (!bucket.debt || bucket.debt.atUs < Math.floor(downAt * 1000)) {
      const isKnown = !wasQuiet && downAt - bucket.countedAt < this.#fillMs
      this.#local.oweAtLeast(bucket, isKnown ? this.#share.burst : this.#share.burst - 1, downAt)
    }
    const grant = this.#local.take(bucket, needed)
    bucket.takenAlone += grant.granted
    bucket.countedAt = this.#clock.now()
    return grant
  }

  /** Tokens that it took alone; not those of so long ago that they would have come in again. */
  #owedBy(bucket: Bucket): number {
    return bucket.takenAlone === 0 ? 0 : Math.min(bucket.takenAlone, this.#local.owedBy(bucket))
  }
}

function grantOf(reply: unknown): Grant {
  const [granted = 0, left = 0, waitMs = 0] = Array.isArray(reply) ? reply.map(Number) : []
  return { granted, left, waitMs }
}

/** The way to the store, and whether it is open. One for all rules. */
export class StoreLine {
  isUp = true
  /** Since when it is not, by the clock, or was not last. */
  downAt = 0
  /** It was down before that, too, but nobody has asked for a while: it may have been up between. */
  wasQuiet = false
  readonly #services: SharedTokensOptions['services']
  #store: TokenStore | undefined
  #tryAt = 0
  #isTrying = false

  constructor(services: SharedTokensOptions['services']) {
    this.#services = services
  }

  /** Opens the store, and waits until it answers; not for ever, and it never fails. */
  async open(): Promise<void> {
    await this.ask(['ping'], undefined, startMs)
  }

  /** While it is down, one asks for all. */
  mayAsk(): boolean {
    return this.isUp || (!this.#isTrying && this.#services.clock.now() >= this.#tryAt)
  }

  /** The reply; undefined when there is none in time. */
  async ask(
    call: readonly [string, ...(string | number)[]],
    onLate?: (reply: unknown) => void,
    timeoutMs = answerMs,
  ): Promise<unknown> {
    this.#isTrying = !this.isUp
    const timeout = Promise.withResolvers<never>()
    let isLate = false
    const timer = setTimeout(() => {
      isLate = true
      timeout.reject(new Error(`no answer after ${timeoutMs} ms`))
    }, timeoutMs)
    try {
      const answer = this.#command(call)
      answer.then(
        reply => isLate && onLate?.(reply),
        () => {},
      )
      const reply = await Promise.race([answer, timeout.promise])
      this.#setUp(true)
      return reply
    } catch (error) {
      this.#setUp(false, error)
      return undefined
    } finally {
      clearTimeout(timer)
    }
  }

  async #command([name, ...args]: readonly [string, ...(string | number)[]]): Promise<unknown> {
    this.#store ??= await this.#services.openStore()
    return this.#store.command(name, ...args)
  }

  #setUp(isUp: boolean, error?: unknown): void {
    this.#isTrying = false
    const now = this.#services.clock.now()
    if (!isUp) this.#noteFailure(now)
    if (this.isUp === isUp) return
    this.isUp = isUp
    const { log } = this.#services
    if (isUp) log.info('edge.rate-limit.shared')
    else log.warn('edge.rate-limit.alone', { error: messageOf(error) })
  }

  #noteFailure(now: number): void {
    const isQuiet = !this.isUp && now > this.#tryAt + tryAgainMs + answerMs
    if (this.isUp || isQuiet) {
      this.downAt = now
      this.wasQuiet = isQuiet
    }
    this.#tryAt = now + tryAgainMs
  }
}

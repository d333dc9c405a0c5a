/**
 * Refuses a part of the requests while there is more to do than can be done. Without it all of them would be answered so late
 * that their clients are gone: much is done, and none of it is of use.
 *
 * What is refused costs some hundredths of a millisecond: it is answered before anything is read or asked. Two measures work
 * together, each for a kind of work. What a request does at once makes others wait for their turn: turn-queue.ts bounds that
 * wait. What it does later, when an upstream or a database has answered, only shows in how late the event loop is: shedding.ts
 * follows that from interval to interval. At health checks neither of them looks.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { readCookie } from '../cookies.ts'
import type { EdgeRequest, Outcome, Step } from '../edge-request.ts'
import type { EdgeSettings } from '../options.ts'
import { refuse } from '../refusals/refuse.ts'
import type { EdgeServices } from '../services.ts'
import { createExemption } from './exempt.ts'
import type { OverloadSettings } from './options.ts'
import { nextShare, shareFor } from './shedding.ts'
import { TurnQueue } from './turn-queue.ts'

const resolutionMs = 10
const msPerNanosecond = 1e-6
/** So many intervals without a refusal, and it is over. */
const quietIntervals = 10

export async function createOverload(settings: EdgeSettings, services: EdgeServices): Promise<Step | undefined> {
  return settings.overload && new Overload(settings.overload, services)
}

interface Waiting {
  readonly request: EdgeRequest
  readonly resolve: (outcome: Outcome) => void
}

class Overload implements Step {
  readonly name = 'overload'
  readonly counters = { shed: 0, delayed: 0, waiting: 0, share: 0, loopDelayMs: 0 }
  readonly #settings: OverloadSettings
  readonly #services: EdgeServices
  readonly #isExempt: (request: EdgeRequest) => boolean
  readonly #headers: { readonly 'Retry-After': string }
  readonly #delay = monitorEventLoopDelay({ resolution: resolutionMs })
  readonly #timer: NodeJS.Timeout
  /** The cookie as it stands in the header. */
  readonly #session: string | undefined
  readonly #queue: TurnQueue<Waiting>
  #share = 0
  #shedBefore = 0
  /** Intervals since the last refusal; negative when all is well. */
  #quiet = -1

  constructor(settings: OverloadSettings, services: EdgeServices) {
    this.#settings = settings
    this.#services = services
    this.#isExempt = createExemption(settings, services)
    this.#headers = { 'Retry-After': String(Math.max(1, Math.ceil(settings.retryAfter / 1000))) }
    this.#session = settings.sessionCookie
    const limits = { targetMs: settings.loopDelay, intervalMs: settings.interval, lengthMax: settings.queue }
    this.#queue = new TurnQueue(limits, services.clock, {
      begin: ({ resolve }) => resolve('next'),
      refuse: ({ request, resolve }) => resolve(this.#refuse(request)),
    })
    this.#delay.enable()
    this.#timer = setInterval(() => this.#look(), settings.interval).unref()
  }

  run(request: EdgeRequest): Outcome | Promise<Outcome> {
    const isFree = this.#queue.isFree()
    if (isFree && this.#share === 0) return 'next'
    if (this.#isExempt(request)) return 'next'
    const hasSession = this.#hasSession(request)
    if (this.#share > 0) {
      const share = shareFor(this.#share, { hasSession, knowsSessions: this.#session !== undefined })
      if (Math.random() < share) return this.#refuse(request)
    }
    return isFree ? 'next' : this.#wait(request, hasSession)
  }

  close(): void {
    clearInterval(this.#timer)
    this.#delay.disable()
  }

  #wait(request: EdgeRequest, hasSession: boolean): Outcome | Promise<Outcome> {
    if (this.#queue.length >= this.#settings.queue) return this.#refuse(request)
    this.counters.delayed++
    return new Promise(resolve => this.#queue.add({ request, resolve }, hasSession ? 0 : 1))
  }

  #refuse({ res }: EdgeRequest): Outcome {
    this.counters.shed++
    if (!res.destroyed) refuse(res, 503, 'overload', this.#headers)
    return 'done'
  }

  #hasSession({ req }: EdgeRequest): boolean {
    return this.#session !== undefined && readCookie(req.headers.cookie, this.#session) !== undefined
  }

  #look(): void {
    // Without a value the loop has not come round once in all the interval.
    const { count, min } = this.#delay
    const delayMs = count === 0 ? this.#settings.interval : Math.max(0, min * msPerNanosecond - resolutionMs)
    this.#delay.reset()
    this.#share = nextShare(this.#share, delayMs, this.#settings.loopDelay)
    this.counters.share = this.#share
    this.counters.loopDelayMs = delayMs
    this.counters.waiting = this.#queue.length
    this.#tell()
  }

  /** Once when it begins, and once when it is over. */
  #tell(): void {
    const { shed } = this.counters
    const isShedding = shed > this.#shedBefore
    this.#shedBefore = shed
    if (isShedding && this.#quiet < 0) {
      this.#services.log.warn('edge.overload.begun', { loopDelayMs: Math.round(this.counters.loopDelayMs) })
    }
    if (isShedding) this.#quiet = 0
    else if (this.#quiet >= 0 && ++this.#quiet >= quietIntervals) {
      this.#quiet = -1
      this.#services.log.info('edge.overload.ended', { shed })
    }
  }
}

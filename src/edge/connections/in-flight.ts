/**
 * Lets so many requests in at the same time. Above that they wait in a queue, first come first served, and only for a moment:
 * a client that has waited for two seconds is mostly gone, and work for it would be lost.
 */
import type { ServerResponse } from 'node:http'
import type { Clock } from '../../base/clock.ts'
import type { EdgeRequest, Outcome } from '../edge-request.ts'
import { clientNetwork } from '../rate-limit/client-network.ts'
import { refuse } from '../refusals/refuse.ts'
import { AddressCount } from './address-count.ts'
import type { ConnectionSettings } from './options.ts'

interface Waiting {
  readonly request: EdgeRequest
  readonly endsAt: number
  readonly resolve: (outcome: Outcome) => void
}

/** A response that holds a slot, and whose. */
type SlottedResponse = ServerResponse & { saolaSlot?: string }

const retryAfter = { 'Retry-After': '1' }

export class InFlight {
  readonly counters = { running: 0, waiting: 0, refused: 0, timedOut: 0 }
  readonly #settings: ConnectionSettings['inFlight']
  readonly #clock: Clock
  readonly #max: number
  readonly #counts: AddressCount | undefined
  #queue: Waiting[] = []
  #timer: NodeJS.Timeout | undefined
  readonly #onClose: (this: SlottedResponse) => void

  constructor(settings: ConnectionSettings['inFlight'], clock: Clock) {
    const slots = this
    this.#settings = settings
    this.#clock = clock
    this.#max = settings.max === 0 ? Number.POSITIVE_INFINITY : settings.max
    this.#counts = settings.perAddress === 0 ? undefined : new AddressCount()
    // One function for all of them: it finds its response in `this`.
    this.#onClose = function () {
      slots.#leave(this.saolaSlot ?? '')
    }
  }

  /** Takes a slot for a request until its response is closed. */
  enter(request: EdgeRequest): Outcome | Promise<Outcome> {
    const { counters } = this
    const network = this.#counts ? clientNetwork(request.clientAddress) : ''
    if (this.#counts && network !== '' && !this.#counts.enter(network, this.#settings.perAddress)) {
      counters.refused++
      return this.#refuse(request, 429)
    }
    const res: SlottedResponse = request.res
    res.saolaSlot = network
    if (counters.running < this.#max) return this.#begin(res)
    if (this.#queue.length >= this.#settings.queue) this.#dropGone()
    if (this.#queue.length >= this.#settings.queue) {
      counters.refused++
      this.#counts?.leave(network)
      return this.#refuse(request, 503)
    }
    return this.#wait(request)
  }

  close(): void {
    clearTimeout(this.#timer)
    for (const { resolve } of this.#queue.splice(0)) resolve('done')
  }

  #begin(res: SlottedResponse): Outcome {
    this.counters.running++
    res.on('close', this.#onClose)
    return 'next'
  }

  #refuse({ res }: EdgeRequest, status: number): Outcome {
    refuse(res, status, 'connections', retryAfter)
    return 'done'
  }

  #wait(request: EdgeRequest): Promise<Outcome> {
    const { queueTimeout } = this.#settings
    return new Promise(resolve => {
      this.#queue.push({ request, resolve, endsAt: this.#clock.now() + queueTimeout })
      this.counters.waiting = this.#queue.length
      this.#timer ??= setTimeout(this.#expire, queueTimeout)
    })
  }

  #leave(network: string): void {
    this.counters.running--
    this.#counts?.leave(network)
    while (this.counters.running < this.#max) {
      const next = this.#queue.shift()
      if (!next) break
      if (next.request.res.destroyed) this.#forget(next)
      else next.resolve(this.#begin(next.request.res))
    }
    this.counters.waiting = this.#queue.length
  }

  /** Its client has left. */
  #forget({ request, resolve }: Waiting): void {
    this.#counts?.leave((request.res as SlottedResponse).saolaSlot ?? '')
    resolve('done')
  }

  #dropGone(): void {
    const gone = this.#queue.filter(({ request }) => request.res.destroyed)
    this.#queue = this.#queue.filter(({ request }) => !request.res.destroyed)
    for (const waiting of gone) this.#forget(waiting)
  }

  /** All wait equally long, so that the first is always the next. */
  readonly #expire = (): void => {
    this.#timer = undefined
    const now = this.#clock.now()
    for (let first = this.#queue[0]; first && first.endsAt <= now + 1; first = this.#queue[0]) {
      this.#queue.shift()
      if (!first.request.res.destroyed) {
        this.counters.timedOut++
        this.#refuse(first.request, 503)
      }
      this.#forget(first)
    }
    this.counters.waiting = this.#queue.length
    const [first] = this.#queue
    if (first) this.#timer = setTimeout(this.#expire, Math.max(1, first.endsAt - now))
  }
}

import type { EdgeServices } from '../services.ts'

/** A full disk refuses many bodies: it is told at once, and then no more often than this. */
const everyMs = 60_000

/** Tells why bodies could not be kept, and how often that was. */
export class SpoolFaults {
  readonly #services: Pick<EdgeServices, 'clock' | 'log'>
  #count = 0
  #toldAt = Number.NEGATIVE_INFINITY

  constructor(services: Pick<EdgeServices, 'clock' | 'log'>) {
    this.#services = services
  }

  note(error: string): void {
    const { clock, log } = this.#services
    this.#count++
    if (clock.now() - this.#toldAt < everyMs) return
    // `times`: since it was told last.
    log.error('edge.proxy.body-not-kept', { error, times: this.#count })
    this.#toldAt = clock.now()
    this.#count = 0
  }
}

import type { Dispatcher } from 'undici'
import { messageOf } from '../../base/errors.ts'
import type { ProxyRule } from './options.ts'
import type { UpstreamHealth } from './upstream-health.ts'

type HealthSettings = Exclude<ProxyRule['health'], false>

/** What is checked: an upstream, as far as it matters here. */
export interface Checked {
  readonly health: Pick<UpstreamHealth, 'setChecked'>
  openClient(): Dispatcher
}

/** A body is read no further than this; of most only the status counts. */
const bodyBytesMax = 64 * 1024

/** Asks each upstream every now and then how it is, one question at a time. Begins at once and ends with `close`. */
export class HealthChecks {
  readonly #settings: HealthSettings
  readonly #host: string | undefined
  readonly #clients: readonly Dispatcher[]
  readonly #timers = new Map<Checked, NodeJS.Timeout>()
  readonly #ending = new AbortController()

  /** `host`: as in the rule; a text is sent as the Host of a check, too. */
  constructor(upstreams: readonly Checked[], settings: HealthSettings, host: string) {
    this.#settings = settings
    this.#host = host === 'keep' || host === 'upstream' ? undefined : host
    this.#clients = upstreams.map(upstream => {
      const client = upstream.openClient()
      const state = { isHealthy: true, streak: 0 }
      // Not all workers and all upstreams at the same moment.
      this.#plan(upstream, settings.every * 0.1 * Math.random(), () => this.#checkOnce(upstream, client, state))
      return client
    })
  }

  async close(): Promise<void> {
    this.#ending.abort()
    for (const timer of this.#timers.values()) clearTimeout(timer)
    await Promise.allSettled(this.#clients.map(client => client.destroy()))
  }

  #plan(upstream: Checked, waitMs: number, check: () => Promise<void>): void {
    const begin = () => {
      void check().then(() => {
        if (this.#ending.signal.aborted) return
        this.#plan(upstream, this.#settings.every * (0.9 + 0.2 * Math.random()), check)
      })
    }
    this.#timers.set(upstream, setTimeout(begin, waitMs).unref())
  }

  /** Never rejects. */
  async #checkOnce(
    upstream: Checked,
    client: Dispatcher,
    state: { isHealthy: boolean; streak: number },
  ): Promise<void> {
    const problem = await this.#ask(client)
    if (this.#ending.signal.aborted) return
    const isHealthy = problem === undefined
    state.streak = isHealthy === state.isHealthy ? 0 : state.streak + 1
    if (state.streak < (isHealthy ? this.#settings.rise : this.#settings.fall)) return
    state.isHealthy = isHealthy
    state.streak = 0
    upstream.health.setChecked(isHealthy, `check: ${problem ?? 'healthy'}`)
  }

  /** What is wrong, or undefined. */
  async #ask(client: Dispatcher): Promise<string | undefined> {
    const { path, timeout, status } = this.#settings
    const signal = AbortSignal.any([this.#ending.signal, AbortSignal.timeout(timeout)])
    try {
      const headers = { 'user-agent': 'saola-health-check', ...(this.#host === undefined ? {} : { host: this.#host }) }
      const answer = await client.request({ path, method: 'GET', headers, signal })
      await answer.body.dump({ limit: bodyBytesMax, signal })
      const isWithin = answer.statusCode >= status[0] && answer.statusCode <= status[1]
      return isWithin ? undefined : `status ${answer.statusCode}`
    } catch (error) {
      return signal.aborted ? `no answer in ${timeout} ms` : messageOf(error)
    }
  }
}

/**
 * Deletes entries of maps whose time is over and that nobody has asked for since: Redis before 7.4 ends whole keys only. A
 * process does it once it has set such a time itself: each second a step through the keys, and up to 1,000 entries of each map
 * that it meets. So Redis is never held up, and what is not met yet is hidden from reads all the same.
 */
import type { Reply } from '../../resp/reply.ts'
import { keyOfCompanion } from './keys.ts'
import type { RedisLink } from './link.ts'
import { scriptCall } from './scripts.ts'

const everyMs = 1_000
const stepSize = 1_000
const sweptMax = 1_000

export class RedisSweeper {
  readonly #link: RedisLink
  readonly #timeoutMs: number
  #timer: NodeJS.Timeout | undefined
  readonly #cursors: string[] = []
  #isRunning = false

  constructor(link: RedisLink, timeoutMs: number) {
    this.#link = link
    this.#timeoutMs = timeoutMs
  }

  /** From now on there may be something to sweep. */
  start(): void {
    this.#timer ??= setInterval(() => void this.#runOnce(), everyMs).unref()
  }

  close(): void {
    clearInterval(this.#timer)
  }

  async #runOnce(): Promise<void> {
    if (this.#isRunning) return
    this.#isRunning = true
    try {
      await this.step()
    } catch {
      // Redis is away, or busy: the next second.
    } finally {
      this.#isRunning = false
    }
  }

  /** One step on each server. */
  async step(): Promise<void> {
    for (const [i, node] of (await this.#link.masters()).entries()) {
      const call = ['scan', this.#cursors[i] ?? '0', 'MATCH', 'saola:ttl:*', 'COUNT', stepSize] as const
      const options = { timeoutMs: this.#timeoutMs, isRead: true }
      const [cursor, names] = (await this.#link.send({ call }, { ...options, node })) as [Buffer, readonly Buffer[]]
      this.#cursors[i] = String(cursor)
      for (const name of names) await this.#sweep(name)
    }
  }

  async #sweep(name: Buffer): Promise<Reply> {
    const map = keyOfCompanion(name)?.key
    if (!map) return null
    return this.#link.send(scriptCall('saola.map.sweep', [map], [sweptMax]), {
      timeoutMs: this.#timeoutMs,
      isRead: true,
    })
  }
}

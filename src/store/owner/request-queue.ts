/**
 * What the owner still has to run. Requests of a connection that does not read its answers are held back until it has: else
 * somebody who asks a thousand times for a large value, and never reads, would fill the memory.
 */
import type { Client, Request } from './client.ts'
import { batchSize } from './request-rules.ts'

export class RequestQueue {
  #waiting: Request[] = []
  /** They have waited longer than all others, in their order. */
  #woken: Request[] = []
  readonly #held = new Map<Client, Request[]>()

  /** Those that may run now. */
  get size(): number {
    return this.#waiting.length + this.#woken.length
  }

  add(request: Request): void {
    this.#waiting.push(request)
  }

  /** It has waited for a change, which has come. */
  wake(request: Request): void {
    this.#woken.push(request)
  }

  /** Before all others. */
  putBack(requests: readonly Request[]): void {
    this.#waiting = [...requests, ...this.#waiting]
  }

  /** Those of the next turn: as many as possible where each commit waits for the disk. */
  take(isAlways: boolean): readonly Request[] {
    const woken = this.#woken.splice(0)
    const count = Math.max(0, batchSize(this.size + woken.length, isAlways) - woken.length)
    let taken = this.#waiting
    if (taken.length > count) taken = taken.splice(0, count)
    else this.#waiting = []
    const batch = taken.some(request => this.#mustHold(request)) ? taken.filter(request => !this.#hold(request)) : taken
    return woken.length > 0 ? [...woken, ...batch] : batch
  }

  /** This connection has read, or has gone: what was held of it runs before what has come since. */
  release(client: Client): void {
    const held = this.#held.get(client)
    if (!held) return
    this.#held.delete(client)
    this.putBack(held)
  }

  clear(): void {
    this.#waiting = []
    this.#woken = []
    this.#held.clear()
  }

  #mustHold({ client }: Request): boolean {
    return client.connection?.isFull === true || (this.#held.size > 0 && this.#held.has(client))
  }

  #hold(request: Request): boolean {
    if (!this.#mustHold(request)) return false
    const held = this.#held.get(request.client)
    if (held) held.push(request)
    else this.#held.set(request.client, [request])
    return true
  }
}

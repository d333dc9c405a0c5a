/**
 * Over which connection a worker speaks. Its session is that of `enter` and `orders`, which a thread of its own sends; what it
 * claims comes over another connection of the same process, and says nothing about the session.
 */
import type { Client } from '../../owner/client.ts'

export class TaskConnections {
  /** Workers whose connection has ended. */
  readonly gone = new Set<string>()
  readonly #clients = new Map<string, Client>()
  readonly #claimers = new Map<string, Client>()
  readonly #workers = new WeakMap<Client, Set<string>>()
  readonly #onRollBack: (undo: () => void) => void

  /** `onRollBack` is told how to undo what a transaction has changed here, which may run again. */
  constructor(onRollBack: (undo: () => void) => void) {
    this.#onRollBack = onRollBack
  }

  /** Whether the session is held over another connection than before. */
  bind(worker: string, client: Client): boolean {
    const before = this.#clients.get(worker)
    if (before === client) return false
    this.#keep(worker)
    this.#hold(worker, client)
    this.gone.delete(worker)
    return true
  }

  /** Whether the worker claims over another connection than before: the answer to its last claim may have been lost. */
  claimOver(worker: string, client: Client): boolean {
    if (this.#claimers.get(worker) === client) return false
    this.#keep(worker)
    this.#claimers.set(worker, client)
    return true
  }

  /** Its session is over. */
  unbind(worker: string): void {
    this.#keep(worker)
    this.#hold(worker, undefined)
    this.#claimers.delete(worker)
    this.gone.delete(worker)
  }

  /**
   * A connection has ended. Over the owner's own socket that is the end of the process; from another machine it can be the
   * network, and the lease decides. Whether somebody has gone by it.
   */
  leave(client: Client): boolean {
    const workers = this.#workers.get(client)
    if (!workers || client.connection?.isLocal !== true) return false
    for (const worker of workers) this.gone.add(worker)
    return workers.size > 0
  }

  #hold(worker: string, client: Client | undefined): void {
    const before = this.#clients.get(worker)
    if (before) this.#workers.get(before)?.delete(worker)
    if (!client) {
      this.#clients.delete(worker)
      return
    }
    this.#clients.set(worker, client)
    this.#workers.set(client, (this.#workers.get(client) ?? new Set()).add(worker))
  }

  #keep(worker: string): void {
    const [client, claimer, isGone] = [this.#clients.get(worker), this.#claimers.get(worker), this.gone.has(worker)]
    this.#onRollBack(() => {
      this.#hold(worker, client)
      if (claimer) this.#claimers.set(worker, claimer)
      else this.#claimers.delete(worker)
      if (isGone) this.gone.add(worker)
      else this.gone.delete(worker)
    })
  }
}

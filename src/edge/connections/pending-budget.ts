/**
 * The memory in which answers wait for slow clients, all clients of a worker together. Where it is used up, those give theirs back
 * who stand still the longest, and hold the most. Nobody is cut who holds no more than an even part of it: that gives next to nothing back, and
 * without the others it is never used up.
 */

/** A client whose answers may wait. */
export interface PendingClient {
  readonly pendingBytes: number
  /** What is left of its patience, in milliseconds. */
  readonly takeCreditMs: number
}

/** Clients of one protocol. */
export interface PendingSource<Client extends PendingClient> {
  clients(): Iterable<Client>
  cut(client: Client): void
}

export class PendingBudget {
  readonly #bytesMax: number
  readonly #sources: PendingSource<PendingClient>[] = []

  /** `bytesMax` 0: no limit. */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  add<Client extends PendingClient>(source: PendingSource<Client>): void {
    this.#sources.push(source)
  }

  /** Cuts as many as it takes. */
  keep(): void {
    if (this.#bytesMax === 0) return
    let left = 0
    for (const source of this.#sources) for (const { pendingBytes } of source.clients()) left += pendingBytes
    if (left <= this.#bytesMax) return
    for (const { pendingBytes, cut } of this.#slowest()) {
      if (left <= this.#bytesMax) break
      left -= pendingBytes
      cut()
    }
  }

  #slowest() {
    const waiting = this.#sources
      .flatMap(source =>
        Array.from(source.clients(), client => {
          const { pendingBytes, takeCreditMs } = client
          return { pendingBytes, takeCreditMs, cut: () => source.cut(client) }
        }),
      )
      .filter(({ pendingBytes }) => pendingBytes > 0)
    return waiting
      .filter(({ pendingBytes }) => pendingBytes > this.#bytesMax / waiting.length)
      .sort((a, b) => a.takeCreditMs - b.takeCreditMs || b.pendingBytes - a.pendingBytes)
  }
}

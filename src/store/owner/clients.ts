import type { Client } from './client.ts'

/** What a client says of itself. */
export interface Library {
  readonly name: string
  readonly version: string
}

const unknown: Library = { name: '', version: '' }

/** All who are connected, for CLIENT and INFO, and what the network has carried. */
export class Clients {
  /** Since the start, as everything here. */
  received = 0
  rejected = 0
  inputBytes = 0
  outputBytes = 0
  readonly #byId = new Map<number, Client>()
  readonly #libraries = new WeakMap<Client, Library>()

  get size(): number {
    return this.#byId.size
  }

  /** In the order in which they came. */
  [Symbol.iterator](): Iterator<Client> {
    return this.#byId.values()
  }

  get(id: number): Client | undefined {
    return this.#byId.get(id)
  }

  libraryOf(client: Client): Library {
    return this.#libraries.get(client) ?? unknown
  }

  setLibrary(client: Client, library: Library): void {
    this.#libraries.set(client, library)
  }

  /** A number that no other connection has had. */
  takeId(): number {
    return ++this.received
  }

  enter(client: Client): void {
    this.#byId.set(client.id, client)
  }

  leave(client: Client): void {
    this.#byId.delete(client.id)
  }

  /** CONFIG RESETSTAT leaves those who are connected, and the numbers they have. */
  reset(): void {
    this.rejected = 0
    this.inputBytes = 0
    this.outputBytes = 0
  }
}

import { type Address, formatAddress } from '../base/address.ts'
import type { Listening } from './app-definition.ts'
import { type ListenSocket, openSockets } from './sockets.ts'

/** The listen sockets of a tree, by address: an address that stays through a reload keeps its sockets. */
export class SocketSet {
  readonly #sockets = new Map<string, readonly ListenSocket[]>()

  /**
   * Opens what applications and programs listen on and is not open yet.
   *
   * @returns the sockets that are new.
   * @throws {ServerError} when an address cannot be had; then none of the new ones is held.
   */
  async open(apps: readonly Listening[]): Promise<ReadonlySet<ListenSocket>> {
    const opened: string[] = []
    try {
      for (const { key, address } of apps.flatMap(placesOf)) {
        if (this.#sockets.has(key)) continue
        this.#sockets.set(key, await openSockets(address))
        opened.push(key)
      }
    } catch (error) {
      for (const key of opened) this.#close(key)
      throw error
    }
    return new Set(opened.flatMap(key => this.#sockets.get(key) ?? []))
  }

  /** Closes those that have been opened in vain. */
  forget(sockets: ReadonlySet<ListenSocket>): void {
    for (const [key, of] of this.#sockets) if (of.some(socket => sockets.has(socket))) this.#close(key)
  }

  /** Where an application really listens, address by address: with the port that the system chose for port 0. */
  labels(app: Listening | undefined): string[] {
    const places = app ? placesOf(app) : []
    return places.map(({ key, address }) => this.#sockets.get(key)?.[0]?.label ?? formatAddress(address))
  }

  /** The sockets of one application, in the order of its addresses. */
  of(app: Listening): ListenSocket[] {
    return placesOf(app).flatMap(({ key }) => this.#sockets.get(key) ?? [])
  }

  /** Closes what none of them listens on. */
  keepOnly(apps: Iterable<Listening>): void {
    const keys = new Set([...apps].flatMap(app => placesOf(app).map(({ key }) => key)))
    for (const key of this.#sockets.keys()) if (!keys.has(key)) this.#close(key)
  }

  close(): void {
    this.keepOnly([])
  }

  #close(key: string): void {
    for (const socket of this.#sockets.get(key) ?? []) socket.close()
    this.#sockets.delete(key)
  }
}

interface Place {
  readonly key: string
  readonly address: Address
}

/** What the system may choose is an address of its own for whoever asks, however often: two applications never share it. */
function placesOf({ spec, addresses }: Listening): Place[] {
  return addresses.map((address, index) => {
    const text = formatAddress(address)
    const isChosen = address.kind === 'tcp' && address.port === 0
    const before = addresses.slice(0, index).filter(other => formatAddress(other) === text).length
    return { key: isChosen ? `${text} ${spec.name} ${before}` : text, address }
  })
}

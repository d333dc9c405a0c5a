import { formatAddress } from '../base/address.ts'
import type { AppDefinition } from './app-definition.ts'
import { type ListenSocket, openSocket } from './sockets.ts'

/** The listen sockets of a tree, by address: an address that stays through a reload keeps its socket. */
export class SocketSet {
  readonly #sockets = new Map<string, ListenSocket>()

  /**
   * Opens what the applications listen on and is not open yet.
   *
   * @throws {ServerError} when an address cannot be had; then none of the new ones is held.
   */
  async open(apps: readonly AppDefinition[]): Promise<void> {
    const opened: ListenSocket[] = []
    try {
      for (const address of apps.flatMap(app => app.addresses)) {
        if (this.#sockets.has(formatAddress(address))) continue
        const socket = await openSocket(address)
        opened.push(socket)
        this.#sockets.set(socket.key, socket)
      }
    } catch (error) {
      for (const socket of opened) this.#close(socket)
      throw error
    }
  }

  get(key: string): ListenSocket | undefined {
    return this.#sockets.get(key)
  }

  /** The sockets of one application, in the order of its addresses. */
  of(app: AppDefinition): ListenSocket[] {
    return app.addresses.flatMap(address => this.#sockets.get(formatAddress(address)) ?? [])
  }

  /** Closes what none of the applications listens on. */
  keepOnly(apps: Iterable<AppDefinition>): void {
    const keys = new Set([...apps].flatMap(app => app.addresses.map(formatAddress)))
    for (const [key, socket] of this.#sockets) if (!keys.has(key)) this.#close(socket)
  }

  close(): void {
    this.keepOnly([])
  }

  #close(socket: ListenSocket): void {
    socket.close()
    this.#sockets.delete(socket.key)
  }
}

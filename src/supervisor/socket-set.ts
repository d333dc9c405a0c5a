import { formatAddress } from '../base/address.ts'
import type { AppDefinition } from './app-definition.ts'
import { type ListenSocket, openSockets } from './sockets.ts'

/** The listen sockets of a tree, by address: an address that stays through a reload keeps its sockets. */
export class SocketSet {
  readonly #sockets = new Map<string, readonly ListenSocket[]>()

  /**
   * Opens what the applications listen on and is not open yet.
   *
   * @throws {ServerError} when an address cannot be had; then none of the new ones is held.
   */
  async open(apps: readonly AppDefinition[]): Promise<void> {
    const opened: string[] = []
    try {
      for (const address of apps.flatMap(app => app.addresses)) {
        const key = formatAddress(address)
        if (this.#sockets.has(key)) continue
        this.#sockets.set(key, await openSockets(address))
        opened.push(key)
      }
    } catch (error) {
      for (const key of opened) this.#close(key)
      throw error
    }
  }

  /** Where an address really is: with the port that the system chose for port 0. */
  label(key: string): string | undefined {
    return this.#sockets.get(key)?.[0]?.label
  }

  /** The sockets of one application, in the order of its addresses. */
  of(app: AppDefinition): ListenSocket[] {
    return app.addresses.flatMap(address => this.#sockets.get(formatAddress(address)) ?? [])
  }

  /** Closes what none of the applications listens on. */
  keepOnly(apps: Iterable<AppDefinition>): void {
    const keys = new Set([...apps].flatMap(app => app.addresses.map(formatAddress)))
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

import type net from 'node:net'
import { countSubscriptions } from '../commands/subscriptions.ts'
import type { PasswordCheck } from '../owner/client.ts'
import type { Owner } from '../owner/owner.ts'
import { Connection, type ConnectionLimits } from './connection.ts'

export interface ConnectionsOptions {
  readonly limits: ConnectionLimits
  /** Open connections; further ones are closed at once. */
  readonly clientsMax: number
  /** Milliseconds after which one is closed that sends nothing, listens to nothing and waits for nothing; 0: never. */
  readonly idleMs?: number
  /** Milliseconds that somebody has to give the password. */
  readonly loginMs?: number
  /** They come over the owner's own socket; not by default. */
  readonly isLocal?: boolean
  readonly password?: PasswordCheck | undefined
  readonly log?: ((event: string, fields: Record<string, unknown>) => void) | undefined
  /** Called when the last connection ends. */
  readonly onIdle?: (() => void) | undefined
}

const closeMs = 1_000
const lookEveryMsMax = 1_000
const lookEveryMsMin = 20
// So many of all may be such that have not given the password yet; of more, the oldest have to go.
const strangersShare = 4
const strangersMin = 16

/** The connections of one door. */
export class Connections {
  readonly #owner: Owner
  readonly #options: ConnectionsOptions
  readonly #all = new Set<Connection>()
  /** Those without the password, the oldest first. */
  readonly #strangers = new Set<Connection>()
  #timer: NodeJS.Timeout | undefined
  #requestsOfEnded = 0
  /** See ConnectionsOptions, as far as it was not changed. */
  clientsMax: number
  #idleMs: number

  constructor(owner: Owner, options: ConnectionsOptions) {
    this.#owner = owner
    this.#options = options
    this.clientsMax = options.clientsMax
    this.#idleMs = options.idleMs ?? 0
    this.#startTimer()
  }

  /** Of those who are connected, too. */
  get idleMs(): number {
    return this.#idleMs
  }

  set idleMs(value: number) {
    this.#idleMs = value
    this.#startTimer()
  }

  #startTimer(): void {
    clearInterval(this.#timer)
    const { loginMs = 0, password } = this.#options
    const never = Number.POSITIVE_INFINITY
    const shortest = Math.min(this.#idleMs || never, password && loginMs ? loginMs : never)
    if (!Number.isFinite(shortest)) return
    const everyMs = Math.min(lookEveryMsMax, Math.max(lookEveryMsMin, shortest / 4))
    this.#timer = setInterval(() => this.#endOverdue(), everyMs).unref()
  }

  /** Open ones. */
  get size(): number {
    return this.#all.size
  }

  /** Requests that have come since the start. */
  get requests(): number {
    let sum = this.#requestsOfEnded
    for (const { requests } of this.#all) sum += requests
    return sum
  }

  /** A socket that has come, ready to be spoken to. */
  admit(socket: net.Socket, { address = '', localAddress = '' } = {}): void {
    const { limits, isLocal = false, password, log } = this.#options
    if (this.#all.size >= this.clientsMax) {
      this.#owner.clients.rejected++
      socket.on('error', () => {})
      socket.end('-ERR max number of clients reached\r\n')
      socket.resume()
      return
    }
    const onRefused = (reason: string) => log?.('store.client-closed', { address, reason })
    const connection = new Connection(this.#owner, socket, {
      limits,
      isLocal,
      password,
      address,
      localAddress,
      onRefused,
    })
    this.#all.add(connection)
    if (password) this.#noteStranger(connection)
    socket.once('close', () => this.#forget(connection))
  }

  /** Ends them, after what was answered is sent. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    if (this.#all.size === 0) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#onEmpty = resolve
    for (const connection of this.#all) connection.end()
    const timer = setTimeout(() => {
      for (const connection of this.#all) connection.destroy()
    }, closeMs)
    await promise
    clearTimeout(timer)
  }

  #onEmpty: (() => void) | undefined

  #forget(connection: Connection): void {
    this.#all.delete(connection)
    this.#strangers.delete(connection)
    this.#requestsOfEnded += connection.requests
    if (this.#all.size > 0) return
    this.#onEmpty?.()
    this.#options.onIdle?.()
  }

  #noteStranger(connection: Connection): void {
    this.#strangers.add(connection)
    const max = Math.max(strangersMin, Math.floor(this.clientsMax / strangersShare))
    if (this.#strangers.size <= max) return
    for (const stranger of this.#strangers) {
      this.#strangers.delete(stranger)
      if (stranger.client.isAuthenticated) continue
      stranger.destroy()
      return
    }
  }

  #endOverdue(): void {
    const now = Date.now()
    const { loginMs = 0, log } = this.#options
    const idleMs = this.#idleMs
    for (const stranger of this.#strangers) {
      if (stranger.client.isAuthenticated) this.#strangers.delete(stranger)
      else if (loginMs > 0 && now - stranger.connectedAt >= loginMs) {
        log?.('store.client-closed', { address: stranger.address, reason: 'it has not given the password in time' })
        stranger.end()
      }
    }
    if (idleMs === 0) return
    for (const connection of this.#all) if (now - connection.lastAt >= idleMs && isIdle(connection)) connection.end()
  }
}

function isIdle({ client, isBusy }: Connection): boolean {
  return !isBusy && client.session === undefined && countSubscriptions(client) === 0
}

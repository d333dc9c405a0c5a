/**
 * The network door: the store for other machines, other languages, and people with redis-cli. Whoever comes has to be allowed
 * by address, then to speak TLS where that is set, then to give the password; until then as little is kept of them as can be.
 */
import { chmodSync, rmSync } from 'node:fs'
import net from 'node:net'
import type tls from 'node:tls'
import { type Address, formatAddress } from '../../base/address.ts'
import { ServerError } from '../../base/errors.ts'
import type { Owner } from '../owner/owner.ts'
import { exposure } from '../protection.ts'
import { AllowList } from './allow-list.ts'
import { bind } from './bind.ts'
import { Bursts } from './bursts.ts'
import { Connections } from './connections.ts'
import { bindDoorSettings } from './door-settings.ts'
import { createTlsServer, type DoorTls } from './door-tls.ts'
import { PasswordGuard } from './password-guard.ts'

export interface DoorSpec {
  readonly listen: readonly Address[]
  readonly password?: string | undefined
  readonly tls?: DoorTls | undefined
  /** Addresses and networks; none: all. */
  readonly allow: readonly string[]
  readonly clientsMax: number
  /** 0: never. */
  readonly idleMs: number
  readonly outputBytesMax: number
  readonly pushBytesMax: number
  readonly queryBytesMax: number
  /** Milliseconds to give the password in; 30,000 by default. */
  readonly loginMs?: number
}

export interface Door {
  /** Open connections. */
  readonly size: number
  readonly requests: number
  /** Where it listens, with the ports that the system chose. */
  readonly addresses: readonly Address[]
  /** Ends the connections, after what was answered is sent. */
  close(): Promise<void>
}

export interface DoorOptions {
  readonly valueBytesMax: number
  readonly log: (event: string, fields: Record<string, unknown>) => void
  readonly onIdle?: () => void
}

const loginMsDefault = 30_000
const handshakeMs = 10_000
const keepAliveMs = 60_000
const tlsFirstByte = 0x16
const speaksNoTls = '-ERR this port speaks no TLS\r\n'
const speaksTls = '-ERR this port speaks TLS only: use rediss:// or saolas://, or redis-cli --tls\r\n'

/**
 * Listens on all addresses, or on none.
 *
 * @throws {ServerError} ERR_CONFIG_INVALID when it would be open to other machines without password and TLS, or a file of TLS
 *   cannot be used; ERR_ADDRESS_UNAVAILABLE.
 */
export async function openDoor(owner: Owner, spec: DoorSpec, options: DoorOptions): Promise<Door> {
  const door = new OpenDoor(owner, spec, options)
  try {
    for (const address of spec.listen) await door.listen(address)
  } catch (error) {
    await door.close()
    throw error
  }
  return door
}

/**
 * Whether it could be opened at this moment: the addresses are listened on and let go again. So nothing is made on the disk for
 * a store that nobody could reach.
 *
 * @throws {ServerError} as `openDoor`.
 */
export async function checkDoor(spec: DoorSpec): Promise<void> {
  if (spec.tls) createTlsServer(spec.tls, handshakeMs)
  const servers: net.Server[] = []
  try {
    for (const address of spec.listen) {
      refuseExposure(address, spec)
      const server = net.createServer(socket => socket.destroy())
      await bind(server, address)
      servers.push(server)
    }
  } finally {
    await Promise.all(servers.map(server => new Promise(resolve => server.close(resolve))))
  }
}

function refuseExposure(address: Address, { password, tls }: DoorSpec): void {
  const problem = exposure(address, { hasPassword: password !== undefined, hasTls: tls !== undefined })
  if (problem) throw new ServerError('ERR_CONFIG_INVALID', `store.listen: ${problem}.`)
}

class OpenDoor implements Door {
  readonly addresses: Address[] = []
  readonly #spec: DoorSpec
  readonly #log: DoorOptions['log']
  readonly #allowed: AllowList
  readonly #connections: Connections
  readonly #servers: net.Server[] = []
  readonly #paths: string[] = []
  readonly #tlsServer: tls.Server | undefined
  /** By where they come from: they have not said yet whether they speak TLS, or are about to agree on it; the oldest first. */
  readonly #arriving = new Map<string, net.Socket>()
  readonly #bursts = new Bursts()

  constructor(owner: Owner, spec: DoorSpec, { valueBytesMax, log, onIdle }: DoorOptions) {
    this.#spec = spec
    this.#log = log
    this.#allowed = new AllowList(spec.allow)
    const { outputBytesMax, pushBytesMax, queryBytesMax, clientsMax, idleMs, password } = spec
    this.#connections = new Connections(owner, {
      limits: { argumentBytesMax: valueBytesMax + 1024, outputBytesMax, pushBytesMax, queryBytesMax },
      clientsMax,
      idleMs,
      loginMs: spec.loginMs ?? loginMsDefault,
      password: password === undefined ? undefined : new PasswordGuard(password, { log }),
      log,
      onIdle,
    })
    bindDoorSettings(owner.settings, this.#connections, this)
    this.#tlsServer = spec.tls && this.#createTls(spec.tls)
  }

  get size(): number {
    return this.#connections.size
  }

  get requests(): number {
    return this.#connections.requests
  }

  async listen(address: Address): Promise<void> {
    refuseExposure(address, this.#spec)
    const server = net.createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: keepAliveMs })
    server.on('connection', socket => this.#arrive(socket, address))
    await bind(server, address)
    this.#servers.push(server)
    server.on('error', error => this.#log('store.door-failed', { error: error.message }))
    const bound = this.#boundAddress(server, address)
    // A name may have turned out to be one of the outside.
    refuseExposure(bound, this.#spec)
    this.addresses.push(bound)
    this.#log('store.listening', { address: formatAddress(bound), tls: this.#tlsServer !== undefined })
  }

  async close(): Promise<void> {
    const closed = this.#servers.map(server => new Promise(resolve => server.close(resolve)))
    for (const socket of this.#arriving.values()) socket.destroy()
    await this.#connections.close()
    await Promise.all(closed)
    for (const path of this.#paths) rmSync(path, { force: true })
  }

  #boundAddress(server: net.Server, address: Address): Address {
    if (address.kind === 'unix') {
      this.#paths.push(address.path)
      // Where no password is asked for, the rights of the file are all there is.
      chmodSync(address.path, this.#spec.password === undefined ? 0o600 : 0o666)
      return address
    }
    const { address: host, port } = server.address() as net.AddressInfo
    return { kind: 'tcp', host, port }
  }

  #createTls(spec: DoorTls): tls.Server {
    const server = createTlsServer(spec, handshakeMs)
    server.on('secureConnection', socket => this.#admit(socket))
    server.on('tlsClientError', (error, socket) => {
      this.#tell('store.tls-refused', addressOf(socket.remoteAddress, socket.remotePort), error.message)
      socket.destroy()
    })
    return server
  }

  #arrive(socket: net.Socket, at: Address): void {
    const address = at.kind === 'unix' ? `${at.path}:0` : addressOf(socket.remoteAddress, socket.remotePort)
    socket.on('error', () => {})
    if (at.kind === 'tcp' && !this.#allowed.allows(socket.remoteAddress ?? '')) {
      this.#tell('store.address-forbidden', address, 'it is in no network of store.allow')
      socket.resetAndDestroy()
      return
    }
    if (this.#tlsServer && at.kind === 'tcp') this.#expectTls(socket, this.#tlsServer, address)
    else {
      socket.once('data', chunk => {
        if (chunk[0] !== tlsFirstByte) return
        this.#tell('store.tls-refused', address, 'it speaks TLS, and this port does not: set store.tls')
        // To TLS this is a wrong version number, which is what its users look for.
        socket.end(speaksNoTls)
      })
      this.#admit(socket, address)
    }
  }

  /** The first byte says whether it is TLS: whoever speaks plainly is told so in the same way. */
  #expectTls(socket: net.Socket, server: tls.Server, address: string): void {
    this.#arriving.set(address, socket)
    const timer = setTimeout(() => socket.destroy(), handshakeMs)
    socket.once('close', () => {
      clearTimeout(timer)
      if (this.#arriving.get(address) === socket) this.#arriving.delete(address)
    })
    for (const [name, oldest] of this.#arriving) {
      if (this.#arriving.size <= this.#spec.clientsMax) break
      this.#arriving.delete(name)
      oldest.destroy()
    }
    socket.once('readable', () => {
      const chunk = socket.read() as Buffer | null
      if (!chunk) return
      clearTimeout(timer)
      if (chunk[0] === tlsFirstByte) {
        socket.unshift(chunk)
        server.emit('connection', socket)
        return
      }
      this.#tell('store.tls-refused', address, 'it does not speak TLS')
      socket.end(speaksTls)
      socket.resume()
      setTimeout(() => socket.destroy(), 1_000).unref()
    })
  }

  #admit(socket: net.Socket, address = addressOf(socket.remoteAddress, socket.remotePort)): void {
    this.#arriving.delete(address)
    const localAddress = socket.localAddress ? addressOf(socket.localAddress, socket.localPort) : address
    this.#connections.admit(socket, { address, localAddress })
  }

  /** Once for those who come again and again. */
  #tell(event: string, address: string, reason: string): void {
    const host = address.slice(0, address.lastIndexOf(':'))
    const count = this.#bursts.note(`${event} ${host}`)
    if (count === 1 || count % 1_000 === 0) this.#log(event, { address, reason, count })
  }
}

function addressOf(host = '', port = 0): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

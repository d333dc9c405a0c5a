/**
 * The listen sockets. They are bound once, here, and inherited by every worker as a file descriptor: workers come and
 * go, the kernel's queue of waiting connections stays, and so a reload loses none.
 *
 * The supervisor must never listen itself (a `net.Server` would take connections that it does not serve). It binds;
 * the first worker that listens on the descriptor makes it a listening socket.
 */
import { chmodSync, existsSync, fstatSync, lstatSync, unlinkSync } from 'node:fs'
import net from 'node:net'
import { dirname } from 'node:path'
import { type Address, formatAddress, unavailable } from '../base/address.ts'
import { codeOf, messageOf, ServerError } from '../base/errors.ts'
import { lockPath } from '../base/process-lock.ts'
import { wasPassed } from './passed-sockets.ts'

export interface ListenSocket {
  /** The address as the configuration has it. */
  readonly key: string
  /** The address as it is: with the port that the system chose for port 0. */
  readonly label: string
  readonly fd: number
  /** A handle of the same descriptor that can be sent to a worker, where this Node can make one. */
  handle(): object | undefined
  /** Lets a server of this process listen on it: where the supervisor accepts. The server closes with the socket. */
  listen(server: net.Server, backlog: number): Promise<void>
  close(): void
}

interface Bound {
  fd(): number
  address(): { address: string; family: string; port: number } | string | undefined
  close(): void
  /** What a server is to listen on when it is not the descriptor alone: it then owns that, too. */
  readonly handle?: object
}

// In Node since 24.21; not yet in the type declarations.
const { BoundSocket, _createServerHandle } = net as unknown as {
  BoundSocket?: new (options: { host?: string; port?: number; path?: string }) => Bound
  _createServerHandle(host?: string, port?: number, family?: number, fd?: number): RawHandle | number
}

interface RawHandle {
  readonly fd: number
  getsockname?(out: { address?: string; port?: number; family?: string }): number
  getpeername?(out: object): number
  close(): void
}

/**
 * Opens the listen socket of an address, or all that systemd has passed under one name.
 *
 * @throws {ServerError} ERR_ADDRESS_UNAVAILABLE when it is in use, forbidden or not of this machine;
 *   ERR_SYSTEMD_FD_MISSING when systemd passed none of that name.
 */
export async function openSockets(address: Address): Promise<ListenSocket[]> {
  const key = formatAddress(address)
  switch (address.kind) {
    case 'tcp':
      return [await openTcp(key, address.host, address.port)]
    case 'unix':
      return [await openUnix(key, address.path)]
    case 'fd':
      return [inherited(key, address.fd)]
    case 'systemd':
      return systemdFds(address.name).map(fd => inherited(key, fd))
  }
}

async function openTcp(key: string, host: string, port: number): Promise<ListenSocket> {
  try {
    const bound = host === '' ? bindAnywhere(port) : bind(await numeric(host), port)
    const at = bound.address()
    const label = typeof at === 'object' ? formatAddress({ kind: 'tcp', host: host || at.address, port: at.port }) : key
    return socketOf(key, label, bound)
  } catch (error) {
    throw unavailable(key, error)
  }
}

/** Every interface: dual-stack where this machine has IPv6, else IPv4. */
function bindAnywhere(port: number): Bound {
  try {
    return bind('::', port)
  } catch (error) {
    if (codeOf(error) === 'EADDRINUSE' || codeOf(error) === 'EACCES') throw error
    return bind('0.0.0.0', port)
  }
}

async function numeric(host: string): Promise<string> {
  if (net.isIP(host)) return host
  // Loaded only here, as most addresses are numbers.
  const { lookup } = await import('node:dns/promises')
  return (await lookup(host)).address
}

function bind(host: string, port: number): Bound {
  if (BoundSocket) return new BoundSocket({ host, port })
  return boundOf(_createServerHandle(host, port, net.isIP(host)))
}

/** The same as a BoundSocket, over the older API of Node. */
function boundOf(handle: RawHandle | number): Bound {
  if (typeof handle === 'number') throw systemError(handle)
  return {
    handle,
    fd: () => handle.fd,
    address: () => {
      const out = { address: '', port: 0, family: '' }
      handle.getsockname?.(out)
      return out
    },
    close: () => handle.close(),
  }
}

function systemError(errno: number): Error {
  const [code = 'UNKNOWN', message = ''] = process.getBuiltinModule('node:util').getSystemErrorMap().get(errno) ?? []
  return Object.assign(new Error(`${code}: ${message}`), { code })
}

// What has room in the system's own structure. A longer path would be cut off, and nobody found the socket again.
const pathBytesMax = process.platform === 'linux' ? 107 : 103

async function openUnix(key: string, path: string): Promise<ListenSocket> {
  if (Buffer.byteLength(path) > pathBytesMax) throw unusable(key, `the path is longer than ${pathBytesMax} bytes`)
  // The bind itself would say that it is not permitted.
  if (!existsSync(dirname(path))) throw unusable(key, 'the folder does not exist')
  // Held as long as the socket: until the first worker listens, nothing answers on it, and it looks like a stale one.
  const lock = await lockPath(path)
  if (!lock) throw unusable(key, 'a live server holds it. Stop it first')
  try {
    await removeStale(key, path)
    const bound = BoundSocket ? new BoundSocket({ path }) : boundOf(_createServerHandle(path, -1, -1))
    // connect(2) needs write permission; the umask still has its say through the folder.
    chmodSync(path, 0o777 & ~process.umask())
    const inode = lstatSync(path).ino
    const socket = socketOf(key, key, bound)
    const close = () => {
      closeUnix(socket, path, inode)
      lock.release()
    }
    return { ...socket, close }
  } catch (error) {
    lock.release()
    throw error instanceof ServerError ? error : unavailable(key, error)
  }
}

function closeUnix(socket: ListenSocket, path: string, inode: number): void {
  // Somebody else's socket may stand at the path by now.
  const isOurs = lstatSync(path, { throwIfNoEntry: false })?.ino === inode
  socket.close()
  if (isOurs && lstatSync(path, { throwIfNoEntry: false })) unlinkSync(path)
}

/** Removes a socket file that a dead server left; refuses one that a live server answers on, and any other file. */
async function removeStale(key: string, path: string): Promise<void> {
  const file = lstatSync(path, { throwIfNoEntry: false })
  if (!file) return
  if (!file.isSocket()) throw unusable(key, 'a file that is no socket is there')
  if (await answers(path)) throw unusable(key, 'a live server holds it. Stop it first')
  unlinkSync(path)
}

function unusable(key: string, reason: string): ServerError {
  return new ServerError('ERR_ADDRESS_UNAVAILABLE', `Cannot listen on ${key} (${reason}).`)
}

/** Whether a server listens at a socket path. One whose queue is full is alive, too. */
function answers(path: string): Promise<boolean> {
  return new Promise(resolve => {
    const socket = net.connect({ path })
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', error => resolve(!['ECONNREFUSED', 'ENOENT'].includes(codeOf(error) ?? '')))
  })
}

function inherited(key: string, fd: number): ListenSocket {
  let isSocket: boolean
  try {
    isSocket = fstatSync(fd).isSocket()
  } catch (error) {
    throw unusable(key, messageOf(error))
  }
  if (!isSocket) throw unusable(key, 'it is no socket')
  if (!wasPassed(fd)) throw unusable(key, 'no socket of this number was passed to this process')
  // Not ours to close: after a reload without it, another one may ask for it again.
  const socket = socketOf(key, key, { fd: () => fd, address: () => undefined, close: () => {} })
  const handle = socket.handle() as RawHandle | undefined
  if (!handle && '_createServerHandle' in net) throw unusable(key, 'it is no stream socket')
  if (handle?.getpeername?.({}) === 0) throw unusable(key, 'it is a connection, and no listen socket')
  return socket
}

/**
 * systemd passes sockets from fd 3 on, to the process LISTEN_PID (sd_listen_fds(3)). Those of one .socket unit have one
 * name: an IPv4 and an IPv6 address, say.
 */
function systemdFds(name: string): number[] {
  const { LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES = '' } = process.env
  const count = LISTEN_PID === String(process.pid) ? Number(LISTEN_FDS ?? 0) : 0
  const names = LISTEN_FDNAMES.split(':')
  const fds = names.slice(0, count).flatMap((passed, index) => (passed === name ? [3 + index] : []))
  if (fds.length > 0) return fds
  const passed = count === 0 ? 'systemd passed no socket to this process' : `there is: ${names.join(', ')}`
  throw new ServerError(
    'ERR_SYSTEMD_FD_MISSING',
    `Cannot listen on systemd:${name} (${passed}). Set FileDescriptorName=${name} in the .socket unit.`,
  )
}

function socketOf(key: string, label: string, bound: Bound): ListenSocket {
  let handle: object | undefined
  let listening: net.Server | undefined
  const fd = bound.fd()
  return {
    key,
    label,
    fd,
    // Opened over the same descriptor and never polled; it lives as long as the process.
    handle() {
      if (!handle && typeof _createServerHandle === 'function') {
        const made = _createServerHandle(undefined, undefined, undefined, fd)
        if (typeof made === 'object') handle = made
      }
      return handle
    },
    listen(server, backlog) {
      listening = server
      return new Promise((resolve, reject) => {
        server.once('error', error => reject(unavailable(label, error)))
        const target = bound.handle ?? (BoundSocket && bound instanceof BoundSocket ? bound : { fd })
        // The type declarations do not know that a bound socket can be listened on.
        ;(server.listen as (target: object, backlog: number, done: () => void) => void).call(
          server,
          target,
          backlog,
          resolve,
        )
      })
    },
    close() {
      if (listening) listening.close()
      else bound.close()
    },
  }
}

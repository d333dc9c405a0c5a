/**
 * The listen sockets. They are bound once, here, and inherited by every worker as a file descriptor: workers come and
 * go, the kernel's queue of waiting connections stays, and so a reload loses none.
 *
 * The supervisor must never listen itself (a `net.Server` would take connections that it does not serve). It binds;
 * the first worker that listens on the descriptor makes it a listening socket.
 */
import { lookup } from 'node:dns/promises'
import { chmodSync, fstatSync, lstatSync, unlinkSync } from 'node:fs'
import net from 'node:net'
import { getSystemErrorMap } from 'node:util'
import { type Address, formatAddress } from '../base/address.ts'
import { codeOf, messageOf, ServerError } from '../base/errors.ts'

export interface ListenSocket {
  /** The address as configured: under it a reload finds the socket again. */
  readonly key: string
  /** The address as it is: with the port that the system chose for port 0. */
  readonly label: string
  readonly fd: number
  /** A handle of the same descriptor that can be sent to a worker, where this Node can make one. */
  handle(): object | undefined
  close(): void
}

interface Bound {
  fd(): number
  address(): { address: string; family: string; port: number } | string | undefined
  close(): void
}

// In Node since 24.21; not yet in the type declarations.
const { BoundSocket, _createServerHandle } = net as unknown as {
  BoundSocket?: new (options: { host?: string; port?: number; path?: string }) => Bound
  _createServerHandle(host?: string, port?: number, family?: number, fd?: number): RawHandle | number
}

interface RawHandle {
  readonly fd: number
  getsockname?(out: { address?: string; port?: number; family?: string }): number
  close(): void
}

/**
 * Opens one listen socket.
 *
 * @throws {ServerError} ERR_ADDRESS_UNAVAILABLE when it is in use, forbidden or not of this machine;
 *   ERR_SYSTEMD_FD_MISSING when systemd passed none of that name.
 */
export async function openSocket(address: Address): Promise<ListenSocket> {
  const key = formatAddress(address)
  switch (address.kind) {
    case 'tcp':
      return openTcp(key, address.host, address.port)
    case 'unix':
      return openUnix(key, address.path)
    case 'fd':
      return inherited(key, address.fd)
    case 'systemd':
      return inherited(key, systemdFd(address.name))
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
  return net.isIP(host) ? host : (await lookup(host)).address
}

function bind(host: string, port: number): Bound {
  if (BoundSocket) return new BoundSocket({ host, port })
  return boundOf(_createServerHandle(host, port, net.isIP(host)))
}

/** The same as a BoundSocket, over the older API of Node. */
function boundOf(handle: RawHandle | number): Bound {
  if (typeof handle === 'number') throw systemError(handle)
  return {
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
  const [code = 'UNKNOWN', message = ''] = getSystemErrorMap().get(errno) ?? []
  return Object.assign(new Error(`${code}: ${message}`), { code })
}

async function openUnix(key: string, path: string): Promise<ListenSocket> {
  await removeStale(key, path)
  try {
    const bound = BoundSocket ? new BoundSocket({ path }) : boundOf(_createServerHandle(path, -1, -1))
    // connect(2) needs write permission; the umask still has its say through the folder.
    chmodSync(path, 0o777 & ~process.umask())
    const inode = lstatSync(path).ino
    return { ...socketOf(key, key, bound), close: () => closeUnix(bound, path, inode) }
  } catch (error) {
    throw unavailable(key, error)
  }
}

function closeUnix(bound: Bound, path: string, inode: number): void {
  // Somebody else's socket may stand at the path by now.
  const isOurs = lstatSync(path, { throwIfNoEntry: false })?.ino === inode
  bound.close()
  if (isOurs && lstatSync(path, { throwIfNoEntry: false })) unlinkSync(path)
}

/** Removes a socket file that a dead server left; refuses one that a live server answers on, and any other file. */
async function removeStale(key: string, path: string): Promise<void> {
  const file = lstatSync(path, { throwIfNoEntry: false })
  if (!file) return
  if (!file.isSocket()) {
    throw new ServerError('ERR_ADDRESS_UNAVAILABLE', `Cannot listen on ${key} (a file that is no socket is there).`)
  }
  if (await answers(path)) {
    throw new ServerError('ERR_ADDRESS_UNAVAILABLE', `Cannot listen on ${key} (a live server holds it). Stop it first.`)
  }
  unlinkSync(path)
}

/** Whether a server listens at a socket path. One whose queue is full is alive, too. */
export function answers(path: string): Promise<boolean> {
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
  try {
    if (!fstatSync(fd).isSocket()) throw new Error('it is no socket')
  } catch (error) {
    throw new ServerError('ERR_ADDRESS_UNAVAILABLE', `Cannot listen on ${key} (${messageOf(error)}).`, { cause: error })
  }
  // Not ours to close: whoever passed it may pass it again.
  return socketOf(key, key, { fd: () => fd, address: () => undefined, close: () => {} })
}

/** systemd passes sockets from fd 3 on, to the process LISTEN_PID (sd_listen_fds(3)). */
function systemdFd(name: string): number {
  const { LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES = '' } = process.env
  const count = LISTEN_PID === String(process.pid) ? Number(LISTEN_FDS ?? 0) : 0
  const names = LISTEN_FDNAMES.split(':')
  const index = names.indexOf(name)
  if (index >= 0 && index < count) return 3 + index
  const passed = count === 0 ? 'systemd passed no socket to this process' : `there is: ${names.join(', ')}`
  throw new ServerError(
    'ERR_SYSTEMD_FD_MISSING',
    `Cannot listen on systemd:${name} (${passed}). Set FileDescriptorName=${name} in the .socket unit.`,
  )
}

function socketOf(key: string, label: string, bound: Bound): ListenSocket {
  let handle: object | undefined
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
    close: () => bound.close(),
  }
}

const advice: Record<string, string> = {
  EADDRINUSE: 'it is in use. Stop what listens there, or choose another port',
  EACCES: 'permission denied. Use a port above 1023, or grant cap_net_bind_service',
  EADDRNOTAVAIL: 'no interface of this machine has this address',
  ENOTFOUND: 'the host name is unknown',
  EAI_AGAIN: 'the host name cannot be looked up',
  ENOENT: 'the folder does not exist',
}

/** The error of a bind or a listen, with what to do about it. */
export function unavailable(label: string, error: unknown): ServerError {
  const reason = advice[codeOf(error) ?? ''] ?? messageOf(error)
  return new ServerError('ERR_ADDRESS_UNAVAILABLE', `Cannot listen on ${label} (${reason}).`, { cause: error })
}

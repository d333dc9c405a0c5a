import { isIP, type Socket } from 'node:net'
import { NetworkList, plainAddress } from '../../base/network-list.ts'

/** The other end of a connection. */
export interface Peer {
  /** Empty on a Unix socket. */
  readonly address: string
  /** It is one of `edge.trust`: what it says of the client counts. */
  readonly isTrusted: boolean
}

export interface Trust {
  peerOf(socket: Socket): Peer
  has(address: string): boolean
}

/** Peers on a Unix socket have no address; this name stands for them. */
export const unixName = 'unix'

type KnownSocket = Socket & { saolaPeer?: Peer }

/** @param trusted networks, `loopback`, `private` and `unix`. */
export function createTrust(trusted: readonly string[]): Trust {
  const networks = new NetworkList(trusted.filter(text => text !== unixName))
  const trustsUnix = trusted.includes(unixName)
  const find = (socket: Socket): Peer => {
    const { remoteAddress } = socket
    // One that was closed meanwhile has no address either, and nobody to answer.
    if (remoteAddress === undefined) return { address: '', isTrusted: trustsUnix && !socket.destroyed }
    const address = plainAddress(remoteAddress)
    return { address, isTrusted: networks.has(address) }
  }
  return {
    // Once a connection, on the socket itself: a WeakMap costs more than all the rest.
    peerOf: socket => {
      const known = socket as KnownSocket
      known.saolaPeer ??= find(socket)
      return known.saolaPeer
    },
    has: address => networks.has(address),
  }
}

/**
 * The address in an element of X-Forwarded-For or of `for=` in Forwarded (RFC 7239 6): with a port, in brackets, in
 * quotes, with a zone. Undefined when there is none: `unknown`, `_hidden`, garbage.
 */
export function parseForwardedAddress(text: string): string | undefined {
  const bare = text.trim().replace(/^"(.*)"$/, '$1')
  if (bare.length > addressCharsMax) return undefined
  const given =
    /^\[([^\]]*)\](?::\d{1,5})?$/.exec(bare)?.[1] ?? /^(\d+\.\d+\.\d+\.\d+):\d{1,5}$/.exec(bare)?.[1] ?? bare
  const address = plainAddress(given)
  return isIP(address) === 0 ? undefined : address
}

/** An IPv6 address with an IPv4 one in it, a zone, brackets and a port. */
const addressCharsMax = 80

import { BlockList, isIP, isIPv6 } from 'node:net'

/** A network by its first address and the number of bits that its addresses share. */
export interface Network {
  readonly address: string
  readonly bits: number
  readonly family: 'ipv4' | 'ipv6'
}

/** Names for networks that everybody means the same by: RFC 1122 3.2.1.3 and RFC 4291 2.5.3; RFC 1918 and RFC 4193. */
const named: ReadonlyMap<string, readonly string[]> = new Map([
  ['loopback', ['127.0.0.0/8', '::1/128']],
  ['private', ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7']],
])

/**
 * A set of addresses, given as addresses, networks such as `10.0.0.0/8`, `loopback` and `private`. An IPv4 address in
 * IPv6 form (`::ffff:10.0.0.1`) is the IPv4 address.
 *
 * ```ts
 * new NetworkList(['loopback', '10.0.0.0/8']).has('::ffff:10.1.2.3') // true
 * ```
 */
export class NetworkList {
  readonly #list = new BlockList()
  readonly #isEmpty: boolean

  /** @throws {Error} when one of them is none of these. */
  constructor(networks: readonly string[]) {
    this.#isEmpty = networks.length === 0
    for (const { address, bits, family } of networks.flatMap(parseNetworks)) this.#list.addSubnet(address, bits, family)
  }

  /** What is no address is in no network. */
  has(address: string): boolean {
    if (this.#isEmpty) return false
    const plain = plainAddress(address)
    const version = isIP(plain)
    return version !== 0 && this.#list.check(plain, version === 4 ? 'ipv4' : 'ipv6')
  }
}

/** Also by name. @throws {Error} when it is no address, no network and no name. */
export function parseNetworks(text: string): readonly Network[] {
  return (named.get(text) ?? [text]).map(parseNetwork)
}

/** @throws {Error} when it is no address and no network. */
export function parseNetwork(text: string): Network {
  const [, given = '', bitsText] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text.trim()) ?? []
  const address = plainAddress(given)
  const version = isIP(address)
  const isMapped = version === 4 && given.includes(':')
  const bitsMax = version === 4 ? 32 : 128
  // Of a mapped IPv4 address the first 96 bits are those that say so.
  const bits = bitsText === undefined ? bitsMax : Number(bitsText) - (isMapped ? 96 : 0)
  if (version === 0 || given.includes('%') || bits < 0 || bits > bitsMax) {
    throw new Error(`expected an address or a network such as "10.0.0.0/8", got ${JSON.stringify(text)}`)
  }
  return { address, bits, family: version === 4 ? 'ipv4' : 'ipv6' }
}

/** An IPv4 address that came over an IPv6 socket as what it is. Lower case, without the zone of a link. */
export function plainAddress(address: string): string {
  if (!address.includes(':')) return address
  const [plain = ''] = address.toLowerCase().split('%')
  const mapped = /^::ffff:(?:0:)?(\d+\.\d+\.\d+\.\d+)$/.exec(plain)?.[1]
  if (mapped) return mapped
  if (!plain.includes('ffff:') || !isIPv6(plain)) return plain
  // In the one form of RFC 5952, in which the zeros before it are left out.
  const hex = /^\[::ffff:([\da-f]{1,4}):([\da-f]{1,4})\]$/.exec(new URL(`http://[${plain}]`).hostname)
  if (!hex) return plain
  const [high, low] = [Number.parseInt(hex[1] as string, 16), Number.parseInt(hex[2] as string, 16)]
  return [high >> 8, high & 255, low >> 8, low & 255].join('.')
}

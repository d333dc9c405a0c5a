import { BlockList, isIP } from 'node:net'
import { plainAddress } from '../protection.ts'

interface Network {
  readonly address: string
  readonly bits: number
  readonly family: 'ipv4' | 'ipv6'
}

/** Who may connect: addresses and networks such as `10.0.0.0/8`. An IPv4 address in IPv6 form is the IPv4 address. */
export class AllowList {
  readonly #list = new BlockList()
  readonly #isOpen: boolean

  /** @param networks none: everybody may. */
  constructor(networks: readonly string[]) {
    this.#isOpen = networks.length === 0
    for (const text of networks) {
      const { address, bits, family } = parseNetwork(text)
      this.#list.addSubnet(address, bits, family)
    }
  }

  allows(address: string): boolean {
    if (this.#isOpen) return true
    const plain = plainAddress(address)
    const version = isIP(plain)
    return version !== 0 && this.#list.check(plain, version === 4 ? 'ipv4' : 'ipv6')
  }
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

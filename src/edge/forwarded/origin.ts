/** What a trusted proxy says of the client: X-Forwarded-*, or else Forwarded (RFC 7239). */
import { type Host, parseHost } from '../canonical/host.ts'
import { type Peer, parseForwardedAddress, type Trust } from './trust.ts'

export interface Origin {
  readonly address: string
  readonly scheme: 'http' | 'https' | undefined
  readonly host: Host | undefined
}

/** One proxy on the way, as the next one has noted it. */
interface Hop {
  readonly for: string | undefined
  readonly proto?: string | undefined
  readonly host?: string | undefined
}

/** Longer chains are not walked to their end: the client is then the last one that was looked at. */
const hopsMax = 32

/**
 * The nearest address that is not trusted, from right to left: each proxy adds at the right whom it was asked by, and
 * what stands left of an address that is not trusted may be invented. Whoever does not say a right address ends the walk.
 *
 * @param rawHeaders names and values in turn, of a request whose peer is trusted.
 */
export function readOrigin(rawHeaders: readonly string[], peer: Peer, trust: Trust): Origin {
  const { hops, ...lists } = readHops(rawHeaders)
  let address = peer.address
  let index = hops.length
  while (index > 0 && hops.length - index < hopsMax) {
    const next = parseForwardedAddress(hops[index - 1]?.for ?? '')
    if (next === undefined) break
    index--
    address = next
    if (!trust.has(next)) break
  }
  // Where nobody says an address, a proxy may still say the scheme and the host.
  const at = Math.min(index, hops.length - 1)
  return {
    address,
    scheme: schemeOf(hops[at]?.proto ?? elementOf(lists.protos, at, hops.length)),
    host: parseHost(unquote(hops[at]?.host ?? elementOf(lists.hosts, at, hops.length) ?? '')),
  }
}

/**
 * One that knows X-Forwarded-For passes a client's Forwarded on unseen, and the other way round; since most know only the
 * former, that one counts.
 */
function readHops(rawHeaders: readonly string[]): { hops: readonly Hop[]; protos: string[]; hosts: string[] } {
  const addresses: string[] = []
  const forwarded: string[] = []
  const protos: string[] = []
  const hosts: string[] = []
  // Not an object: a client may call a header `constructor`.
  const lists = new Map([
    ['x-forwarded-for', addresses],
    ['forwarded', forwarded],
    ['x-forwarded-proto', protos],
    ['x-forwarded-host', hosts],
  ])
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    lists.get((rawHeaders[index] as string).toLowerCase())?.push(...(rawHeaders[index + 1] as string).split(','))
  }
  if (addresses.length > 0 || protos.length > 0 || hosts.length > 0 || forwarded.length === 0) {
    return { hops: addresses.map(address => ({ for: address })), protos, hosts }
  }
  return { hops: forwarded.map(parseElement), protos, hosts }
}

/** `for=192.0.2.60;proto=http;host=example.com`: RFC 7239 4. */
function parseElement(text: string): Hop {
  const pairs = new Map<string, string>()
  for (const pair of text.split(';')) {
    const [name = '', value = ''] = pair.split(/=(.*)/s)
    const key = name.trim().toLowerCase()
    if (!pairs.has(key)) pairs.set(key, value.trim())
  }
  return { for: pairs.get('for'), proto: pairs.get('proto'), host: pairs.get('host') }
}

/** Of lists as long as that of the addresses the element of the client; else the last, which the nearest has added. */
function elementOf(list: readonly string[], index: number, hops: number): string | undefined {
  return list.length === hops ? list[index] : list.at(-1)
}

function schemeOf(text: string | undefined): Origin['scheme'] {
  const scheme = unquote(text ?? '').toLowerCase()
  return scheme === 'http' || scheme === 'https' ? scheme : undefined
}

function unquote(text: string): string {
  return text.trim().replace(/^"(.*)"$/, '$1')
}

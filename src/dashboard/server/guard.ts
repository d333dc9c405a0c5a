/** Which requests are answered at all, whoever asks: those to a name of this server, and from no page but its own. */
import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { parseAddress } from '../../base/address.ts'
import { isLoopback } from '../../base/loopback.ts'
import { plainAddress } from '../../base/network-list.ts'
import { quoted } from '../../base/printable.ts'
import { Refusal } from './refusal.ts'

export interface GuardOptions {
  /** Where it listens, as in the configuration. */
  readonly listen: readonly string[]
  /** Further host names. */
  readonly hosts: readonly string[]
}

export type Guard = (req: Pick<IncomingMessage, 'method' | 'headers'>, path: string) => void

/**
 * A function that throws a Refusal for a request that must not be answered.
 *
 * A page elsewhere can make its own name mean the address of this server (DNS rebinding), and then the browser takes this server for
 * the one of that page. So the name is looked at: it must be one that was meant. And what is asked must come from the page of this
 * server: browsers say so in `Origin` and `Sec-Fetch-Site`. Who is no browser sends neither, and has no session of somebody else.
 */
export function createGuard({ listen, hosts }: GuardOptions): Guard {
  const isOurs = hostRule(listen, hosts)
  return ({ method, headers }, path) => {
    const host = hostOf(headers.host)
    if (host === undefined || !isOurs(host.name)) {
      const advice = 'Add it to dashboard.hosts where it is a name of this server.'
      throw new Refusal(
        421,
        `The dashboard does not answer to the host ${quoted((headers.host ?? '').slice(0, 100))}. ${advice}`,
      )
    }
    // The page itself may be reached by a link from anywhere: it shows nothing until it has asked.
    if (!path.startsWith('/api')) return
    const site = headers['sec-fetch-site']
    if (site !== undefined && site !== 'same-origin' && site !== 'none')
      throw new Refusal(403, 'The dashboard is asked by its own page only, and this request comes from another.')
    const { origin } = headers
    if (origin !== undefined && !isOrigin(origin, headers.host ?? ''))
      throw new Refusal(403, `The dashboard is asked by its own page only, and not by ${quoted(origin.slice(0, 100))}.`)
    if (method !== 'GET' && method !== 'POST' && method !== 'DELETE')
      throw new Refusal(405, `There is no ${method}.`, { allow: 'GET, POST, DELETE' })
  }
}

/** Addresses are safe where they are those of this server: nobody else can make a name of them. */
function hostRule(listen: readonly string[], hosts: readonly string[]): (name: string) => boolean {
  const names = new Set(['localhost', ...hosts.map(host => host.toLowerCase())])
  const addresses = new Set<string>()
  let isAnyAddress = false
  for (const text of listen) {
    const address = parseAddress(text)
    const host = address.kind === 'tcp' ? address.host.toLowerCase() : ''
    if (host === '' || host === '0.0.0.0' || host === '::') isAnyAddress = true
    else if (isIP(host) !== 0) addresses.add(plainAddress(host))
    else names.add(host)
  }
  return name => {
    // `dashboard.hosts` may have an address, too: that of a proxy before it.
    if (names.has(name)) return true
    if (isIP(name) === 0) return false
    return isAnyAddress || addresses.has(plainAddress(name)) || isLoopback(name)
  }
}

/** The name in a Host header, in lower case, and an IPv6 address without its brackets; undefined when it is none. */
function hostOf(header: string | undefined): { readonly name: string } | undefined {
  const found = /^(?:\[([\da-f:.]+)\]|([\w.-]+))(?::\d{1,5})?$/i.exec(header ?? '')
  const name = (found?.[1] ?? found?.[2])?.toLowerCase()
  return name === undefined ? undefined : { name }
}

/** By host and port. The scheme may be another: with a proxy before it that speaks TLS, the browser sees `https`. */
function isOrigin(origin: string, host: string): boolean {
  try {
    const { protocol, host: from } = new URL(origin)
    return (protocol === 'http:' || protocol === 'https:') && from === new URL(`${protocol}//${host}`).host
  } catch {
    return false
  }
}

/** The Host of a request in its one form (RFC 9110 7.2, RFC 3986 3.2.2). */
import { isIPv4, isIPv6 } from 'node:net'

export interface Host {
  /** Lower case, without a trailing dot; an IPv6 address in brackets. */
  readonly name: string
  /** Undefined when none was given. */
  readonly port: number | undefined
}

/** RFC 1035 2.3.4. */
const nameCharsMax = 253

/** Names of hosts as they are in use: RFC 952 and 1123, with the underscore of many private networks. */
const form = /^(?:(\[[\da-f:.]+\])|([a-z\d_-]+(?:\.[a-z\d_-]+)*)\.?)(?::(\d{1,5}))?$/

/** Undefined when it names no host: with user information, a path, an escape, or a port that is none. */
export function parseHost(text: string): Host | undefined {
  const [, address, name, digits] = form.exec(text.toLowerCase()) ?? []
  const port = digits === undefined ? undefined : Number(digits)
  if (port === 0 || (port !== undefined && port > 65_535)) return undefined
  if (address) {
    const canonical = canonicalIPv6(address.slice(1, -1))
    return canonical === undefined ? undefined : { name: `[${canonical}]`, port }
  }
  if (!name || name.length > nameCharsMax || isOddIPv4(name)) return undefined
  return { name, port }
}

/** With the port, unless that is the scheme's own (RFC 9110 4.2.3). */
export function formatHost({ name, port }: Host, scheme: 'http' | 'https'): string {
  return port === undefined || port === (scheme === 'https' ? 443 : 80) ? name : `${name}:${port}`
}

/**
 * Whether a host is on a list of names, in which `*.example.com` is every name below example.com, at any depth.
 */
export function createHostList(names: readonly string[]): { has(host: Host): boolean } {
  const exact = new Set(names.map(name => parseHost(name)?.name ?? name.toLowerCase()))
  const suffixes = [...exact].filter(name => name.startsWith('*.')).map(name => name.slice(1))
  return { has: ({ name }) => exact.has(name) || suffixes.some(suffix => name.endsWith(suffix)) }
}

/** @throws {Error} when it is no host, and no `*.` before one. */
export function checkHostPattern(text: string): void {
  const host = parseHost(text.startsWith('*.') ? text.slice(2) : text)
  if (host && host.port === undefined) return
  throw new Error(`expected a host such as "example.com" or "*.example.com", got ${JSON.stringify(text)}`)
}

function canonicalIPv6(address: string): string | undefined {
  return isIPv6(address) ? new URL(`http://[${address}]`).hostname.slice(1, -1) : undefined
}

/** `127.1` and `0x7f000001` are IPv4 addresses for a browser (WHATWG URL 3.5), and names for others. */
function isOddIPv4(name: string): boolean {
  return /(?:^|\.)(?:\d+|0x[\da-f]*)$/.test(name) && !isIPv4(name)
}

/** Different hosts that are remembered: most servers have a handful, and clients can send any number. */
const hostsMax = 1_000

export interface ReadHost extends Host {
  /** As formatHost writes it for either scheme. */
  readonly text: { readonly http: string; readonly https: string }
}

/** As parseHost and formatHost, which it asks once for each text. */
export function createHostReader(): (text: string) => ReadHost | undefined {
  const known = new Map<string, ReadHost>()
  let [latestText, latest]: [string, ReadHost | undefined] = ['', undefined]
  return text => {
    // Most often it is the one of the request before, and to compare two texts costs less than to look one up.
    if (text === latestText) return latest
    const host = known.get(text) ?? readHost(text)
    if (!host) return undefined
    if (known.size >= hostsMax) known.clear()
    known.set(text, host)
    latestText = text
    latest = host
    return host
  }
}

function readHost(text: string): ReadHost | undefined {
  const host = parseHost(text)
  return host && { ...host, text: { http: formatHost(host, 'http'), https: formatHost(host, 'https') } }
}

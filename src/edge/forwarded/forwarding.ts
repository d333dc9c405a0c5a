import type { EdgeRequest } from '../edge-request.ts'
import { headerText } from '../header-text.ts'
import { requestIdOf } from './request-id.ts'

/** The names that `forwardingHeaders` answers for, in lower case: whoever copies the client's headers leaves these out. */
export const forwardingNames: ReadonlySet<string> = new Set([
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-real-ip',
  'forwarded',
  'x-request-id',
  'traceparent',
])

/** W3C Trace Context 2.2: version, trace id, parent id, flags; neither id is all zeros, and version ff is none. */
const traceparent = /^(?!ff)[\da-f]{2}-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-[\da-f]{2}(?:$|-)/

/** More addresses than any honest chain has are cut at the left, where they may be invented. */
const chainCharsMax = 2_048

/**
 * What tells an upstream who asks, and for what: to be set in place of the client's headers of these names. What a trusted
 * proxy said is appended to; of anybody else nothing is left here, because canonical/ has removed it.
 *
 * No trace is begun: a `traceparent` that this edge invents would decide for everybody behind whether the trace is sampled.
 *
 * ```ts
 * forwardingHeaders(request)
 * // { 'x-forwarded-for': '192.0.2.7, 10.0.0.1', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'example.com', … }
 * ```
 *
 * @returns header names in lower case, none with an empty value.
 */
export function forwardingHeaders(request: EdgeRequest): Record<string, string> {
  const { req, scheme, host, clientAddress } = request
  const { headers } = req
  const result: Record<string, string> = {
    'x-forwarded-for': chainOf(headerText(headers['x-forwarded-for']) ?? '', request.peerAddress || 'unknown', ', '),
    'x-forwarded-proto': scheme,
    'x-forwarded-port': portOf(host) ?? (scheme === 'https' ? '443' : '80'),
    forwarded: chainOf(headerText(headers.forwarded) ?? '', forwardedElement(request), ', '),
    'x-request-id': requestIdOf(req),
  }
  if (host !== '') result['x-forwarded-host'] = host
  if (clientAddress !== '') result['x-real-ip'] = clientAddress
  const trace = headerText(headers.traceparent) ?? ''
  if (trace !== '' && traceparent.test(trace)) result.traceparent = trace
  return result
}

/** Of a canonical host, in which an IPv6 address is in brackets. */
function portOf(host: string): string | undefined {
  const colon = host.lastIndexOf(':')
  return colon < 0 || host.endsWith(']') ? undefined : host.slice(colon + 1)
}

/** RFC 7239 4 and 6: an IPv6 address in brackets and quotes. */
function forwardedElement({ peerAddress, scheme, host }: EdgeRequest): string {
  // The address of a socket is an IPv6 one if it has a colon.
  const node = peerAddress === '' ? 'unknown' : peerAddress.includes(':') ? `"[${peerAddress}]"` : peerAddress
  return `for=${node};proto=${scheme}${host === '' ? '' : `;host="${host}"`}`
}

function chainOf(before: string, last: string, separator: string): string {
  if (before === '' || before.length > chainCharsMax) return last
  return before + separator + last
}

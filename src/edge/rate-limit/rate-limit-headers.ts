import type { OutgoingHttpHeaders } from 'node:http'
import type { TokenRate } from '../../base/gcra.ts'

/**
 * What a refused client is told: `Retry-After` (RFC 9110, 10.2.3), and `RateLimit` and `RateLimit-Policy` as in
 * draft-ietf-httpapi-ratelimit-headers-10 (structured fields, RFC 9651): `q` requests in `w` seconds, `r` of them left, `t`
 * seconds until there are more.
 */
export function rateLimitHeaders(name: string, rate: TokenRate, retryAfterMs: number): OutgoingHttpHeaders {
  const seconds = Math.max(1, Math.ceil(retryAfterMs / 1000))
  const item = `"${encodeURI(name).replace(/["\\]/g, '\\$&')}"`
  return {
    'Retry-After': String(seconds),
    'RateLimit-Policy': `${item};q=${rate.count};w=${rate.periodUs / 1e6}`,
    RateLimit: `${item};r=0;t=${seconds}`,
  }
}

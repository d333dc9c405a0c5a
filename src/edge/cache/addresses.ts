import type { ServerResponse } from 'node:http'
import { parseTarget, type Target, type TargetRules } from '../canonical/target.ts'
import type { EdgeRequest } from '../edge-request.ts'

/** What a request is for. */
export interface Address extends Pick<EdgeRequest, 'scheme' | 'host' | 'encodedPath' | 'search'> {
  /** Host as what is behind sees it. */
  readonly sentHost: string
}

export function addressOf({ req, scheme, host, encodedPath, search }: EdgeRequest): Address {
  return { scheme, host, sentHost: req.headers.host ?? host, encodedPath, search }
}

/**
 * The addresses that the answer to a change names, in Location and Content-Location: what is kept of them is wrong, too. Only
 * those of its own origin: another one is none of its business (RFC 9111, 4.4).
 */
export function addressesIn(res: ServerResponse, asked: Address, rules: TargetRules): Target[] {
  const base = URL.parse(`${asked.scheme}://${asked.host}${asked.encodedPath}${asked.search}`)
  if (!base) return []
  return ['location', 'content-location'].flatMap(name => {
    const value = res.getHeader(name)
    const url = typeof value === 'string' ? URL.parse(value, base.href) : undefined
    if (url?.origin !== base.origin) return []
    return parseTarget(url.pathname + url.search, 'GET', rules) ?? []
  })
}

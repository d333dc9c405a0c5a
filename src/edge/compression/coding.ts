/** Which coding a client gets (RFC 9110, 12.5.3), and whether a request is one whose answer is better left as it is. */
import type { IncomingMessage } from 'node:http'
import { createEncodingOrder, type Encoding } from '../content/accept-encoding.ts'
import type { EdgeRequest } from '../edge-request.ts'
import type { EdgeSettings } from '../options.ts'
import type { CompressionSettings } from './options.ts'

export type CodingOf = (req: IncomingMessage) => Encoding | undefined

export function createCodingOf({ encodings, cookies }: CompressionSettings): CodingOf {
  const orderOf = createEncodingOrder(encodings)
  return req => (isGuarded(req, cookies) ? undefined : orderOf(req.headers['accept-encoding'])[0])
}

const known = new WeakMap<CompressionSettings, CodingOf>()

/**
 * The coding that the answer to a request would have, if its type, its length and its headers allow it; undefined for none.
 * For a key under which answers are kept.
 */
export function chosenEncoding(
  request: Pick<EdgeRequest, 'req'>,
  { compression }: Pick<EdgeSettings, 'compression'>,
): Encoding | undefined {
  if (!compression) return undefined
  let codingOf = known.get(compression)
  if (!codingOf) {
    codingOf = createCodingOf(compression)
    known.set(compression, codingOf)
  }
  return codingOf(request.req)
}

/**
 * BREACH needs a browser that asks with the victim's cookies for what the attacker has chosen: a page of another site makes it
 * do so, and browsers say that of themselves (Fetch Metadata, `Sec-Fetch-Site`), which no page can change.
 */
function isGuarded({ headers }: IncomingMessage, cookies: CompressionSettings['cookies']): boolean {
  if (cookies === 'always' || (headers.cookie === undefined && headers.authorization === undefined)) return false
  return cookies === 'never' || headers['sec-fetch-site'] === 'cross-site'
}

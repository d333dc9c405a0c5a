import { forwardingNames } from '../forwarded/forwarding.ts'

/**
 * Fields of one hop (RFC 9110, 7.6.1), those that frame a body, which is framed anew, and `Host`, which the rule decides. What
 * `Connection` listed is gone already: canonical/ has removed it before anything else looked.
 */
const ofThisHop: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'content-length',
  'upgrade',
  'http2-settings',
  'expect',
  'host',
])

/** What must be known of a field by its name. */
export interface FieldName {
  /** In lower case. */
  readonly key: string
  /** It ends here. */
  readonly isOfHop: boolean
  /** It says who the client is: the edge says that itself. */
  readonly isForwarding: boolean
}

/** Clients and upstreams can send any number of names; no more than so many are remembered, and none that is longer. */
const spellingsMax = 1_000
const spellingCharsMax = 64

const spellings = new Map<string, FieldName>()

/** By its name in any spelling. A look-up here costs a third of making a name lower case. */
export function fieldNameOf(spelling: string): FieldName {
  const known = spellings.get(spelling)
  if (known) return known
  const key = spelling.toLowerCase()
  const name = { key, isOfHop: ofThisHop.has(key), isForwarding: forwardingNames.has(key) }
  if (spellings.size < spellingsMax && spelling.length <= spellingCharsMax) spellings.set(spelling, name)
  return name
}

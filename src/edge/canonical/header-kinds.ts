import { isIdentityHeader } from '../forwarded/identity-headers.ts'

/** What must be known of a header by its name: one bit each, so that a second one of its kind is seen at once. */
export const kinds = {
  ordinary: 0,
  host: 1 << 0,
  connection: 1 << 1,
  contentLength: 1 << 2,
  transferEncoding: 1 << 3,
  expect: 1 << 4,
  upgrade: 1 << 5,
  /** For the next hop only (RFC 9110 7.6.1), or of no use to anybody behind but an attacker. */
  dropped: 1 << 6,
  /** Says who the client is: only a trusted proxy may. */
  identity: 1 << 7,
  requestId: 1 << 8,
} as const

/**
 * May come once only: of two, one stage would take the first, another the last. Node keeps the first of some, and joins
 * others.
 */
const onlyOnce = [
  'authorization',
  'content-type',
  'content-range',
  'if-modified-since',
  'if-unmodified-since',
  'if-match',
  'if-none-match',
  'if-range',
  'range',
]

/** Only the first counts, as in Node's own `headers`; careless clients send them twice. */
const firstCounts = ['user-agent', 'referer', 'from', 'max-forwards']

const firstBit = 9

/** Kinds of which there may be one only. */
export const onlyOnceKinds =
  kinds.host | kinds.contentLength | kinds.transferEncoding | kinds.expect | bitsOf(onlyOnce, firstBit)

/** Kinds of which all but the first are dropped. */
export const firstCountsKinds = bitsOf(firstCounts, firstBit + onlyOnce.length)

/** `Proxy` is what becomes HTTP_PROXY in a CGI program (CVE-2016-5385). */
const droppedNames = [
  'keep-alive',
  'proxy-connection',
  'proxy-authorization',
  'proxy-authenticate',
  'te',
  'http2-settings',
  'proxy',
]

const kindsByName: ReadonlyMap<string, number> = new Map<string, number>([
  ['host', kinds.host],
  ['connection', kinds.connection],
  ['content-length', kinds.contentLength],
  ['transfer-encoding', kinds.transferEncoding],
  ['expect', kinds.expect],
  ['upgrade', kinds.upgrade],
  ['x-request-id', kinds.requestId],
  ...droppedNames.map(name => [name, kinds.dropped] as const),
  ...onlyOnce.map((name, index) => [name, 1 << (firstBit + index)] as const),
  ...firstCounts.map((name, index) => [name, 1 << (firstBit + onlyOnce.length + index)] as const),
])

/** Names that nearly every request has, so that they are known from the first one on. */
const usualNames = [
  ...'Host Connection User-Agent Accept Accept-Encoding Accept-Language Cache-Control Pragma Cookie Referer'.split(' '),
  ...'Content-Type Content-Length Authorization Origin If-None-Match If-Modified-Since Range'.split(' '),
  ...'Upgrade-Insecure-Requests Sec-Fetch-Dest Sec-Fetch-Mode Sec-Fetch-Site Sec-Fetch-User'.split(' '),
  ...'sec-ch-ua sec-ch-ua-mobile sec-ch-ua-platform Priority DNT Sec-GPC X-Requested-With'.split(' '),
]

/** Clients can send any number of names; no more than so many are remembered. */
const spellingsMax = 1_000

/** Spelling → kind. A look-up here costs a third of making a name lower case. */
const spellings = new Map(
  usualNames.flatMap(name => [name, name.toLowerCase()]).map(name => [name, classify(name)] as const),
)

/** One of `kinds`, or the bit of a name that may come once. */
export function kindOfHeader(name: string): number {
  const known = spellings.get(name)
  if (known !== undefined) return known
  const kind = classify(name)
  if (spellings.size < spellingsMax) spellings.set(name, kind)
  return kind
}

function classify(spelling: string): number {
  // CGI and WSGI make `_` of `-`, PHP of `.`, too: `X_Real_IP` would then be what `X-Real-IP` is.
  if (/[_.]/.test(spelling)) return kinds.dropped
  const name = spelling.toLowerCase()
  return kindsByName.get(name) ?? (isIdentityHeader(name) ? kinds.identity : kinds.ordinary)
}

/** `Connection` may name headers that end at this hop, but not take away what others decide by. */
export function isProtected(name: string): boolean {
  return (
    name.startsWith('content-') ||
    protectedNames.has(name) ||
    isIdentityHeader(name) ||
    (kindsByName.get(name) ?? kinds.dropped) !== kinds.dropped
  )
}

const protectedNames = new Set(['cookie', 'origin', 'forwarded', 'traceparent', 'tracestate', 'via'])

function bitsOf(names: readonly string[], from: number): number {
  return names.reduce((bits, _, index) => bits | (1 << (from + index)), 0)
}

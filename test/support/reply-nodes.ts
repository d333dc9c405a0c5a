/** Replies of a RESP server as they come, for comparison: read without our own parser, which might share its faults. */

/** `text` of what has no items; `items` of what has. A null is `$-1`, `*-1` or `_`, which are told apart. */
export interface Node {
  readonly type: string
  readonly text?: string
  readonly items?: readonly Node[]
}

/** Makes alike what may differ; a number is by how much numbers above 0 may. */
export type Loosen = number | ((reply: Node) => Node)

/** The reply that begins there, and where the next one does; undefined when it is not complete. */
export function readNode(bytes: Buffer, start: number): { node: Node; end: number } | undefined {
  const lineEnd = bytes.indexOf('\r\n', start)
  if (lineEnd < 0) return undefined
  const type = String.fromCharCode(bytes[start] as number)
  const text = bytes.toString('latin1', start + 1, lineEnd)
  const after = lineEnd + 2
  if ('+-:_,#('.includes(type)) return { node: { type, text }, end: after }
  if ('$=!'.includes(type)) {
    const length = Number(text)
    if (length < 0) return { node: { type, text }, end: after }
    const end = after + length + 2
    if (bytes.length < end) return undefined
    return { node: { type, text: `${length} ${JSON.stringify(bytes.toString('latin1', after, end - 2))}` }, end }
  }
  if (!'*%~>|'.includes(type))
    throw new Error(`no type of RESP: ${JSON.stringify(bytes.toString('latin1', start, lineEnd))}`)
  const count = Number(text) * ('%|'.includes(type) ? 2 : 1)
  if (count < 0) return { node: { type, text }, end: after }
  const items: Node[] = []
  let end = after
  for (let i = 0; i < count; i++) {
    const item = readNode(bytes, end)
    if (!item) return undefined
    items.push(item.node)
    end = item.end
  }
  return { node: { type, items }, end }
}

/** For a message: `*[:1, $3 "abc"]`. */
export function shownNode({ type, text, items }: Node): string {
  return items ? `${type}[${items.map(shownNode).join(', ')}]` : `${type}${text}`
}

/** Two replies as texts, which are the same when they are alike. */
export function shownAlike(wanted: Node, got: Node, loosen: Loosen | undefined): [wanted: string, got: string] {
  if (typeof loosen === 'number') {
    const numbers = [wanted, got].map(({ type, text }) => (type === ':' ? Number(text) : 0))
    const isAlike = Math.min(...numbers) > 0 && Math.max(...numbers) - Math.min(...numbers) <= loosen
    return [shownNode(wanted), shownNode(isAlike ? wanted : got)]
  }
  const show = (node: Node) => shownNode(node.type === '-' ? plainError(node) : loosen ? loosen(node) : node)
  return [show(wanted), show(got)]
}

/** As it is, but for what a client has sent that is no text: Redis repeats its bytes, and we what can be read of them. */
function plainError(node: Node): Node {
  return { ...node, text: (node.text ?? '').replaceAll(/[^ -~]+/g, '?') }
}

/** Items in any order. */
const unordered = (node: Node): Node => (node.items ? { ...node, items: sorted(node.items) } : node)

/** Pairs in any order, in a flat list or a map. */
const unorderedPairs = (node: Node): Node => {
  const { items } = node
  if (!items || items.length % 2 !== 0) return node
  const pairs = items.flatMap((item, i) => (i % 2 === 0 ? [{ type: 'pair', items: [item, items[i + 1] as Node] }] : []))
  return { ...node, items: sorted(pairs) }
}

/** A cursor, and what was found in any order. */
function scanned(order: (items: Node) => Node): (reply: Node) => Node {
  return reply => ({ ...reply, items: (reply.items ?? []).map((item, i) => (i === 1 ? order(item) : item)) })
}

/** Only what it is and how many items it has: for what is chosen at random. */
const shape = ({ type, text, items }: Node): Node =>
  items ? { type, items: items.map(shape) } : { type, text: isNull(type, text) ? 'null' : 'something' }

/** A score of -1 is none. */
const isNull = (type: string, text: string | undefined): boolean =>
  type === '_' || ('$*'.includes(type) && text === '-1')

/** What is different by nature, by the name of the command. */
export const loosenings: Readonly<Record<string, Loosen>> = {
  ...Object.fromEntries(
    ['keys', 'smembers', 'sinter', 'sunion', 'sdiff', 'hkeys', 'hvals'].map(name => [name, unordered]),
  ),
  hgetall: unorderedPairs,
  ...Object.fromEntries(
    ['randomkey', 'hrandfield', 'srandmember', 'spop', 'zrandmember', 'time'].map(name => [name, shape]),
  ),
  ...{
    scan: scanned(unordered),
    sscan: scanned(unordered),
    hscan: scanned(unorderedPairs),
    zscan: scanned(unorderedPairs),
  },
  // They count on between one side and the other.
  ...{ ttl: 2, expiretime: 2, pttl: 2000, pexpiretime: 2000 },
}

function sorted(items: readonly Node[]): Node[] {
  return items
    .map(item => ({ item, text: shownNode(item) }))
    .sort((one, other) => (one.text < other.text ? -1 : one.text > other.text ? 1 : 0))
    .map(({ item }) => item)
}

/** What a key of a store holds, piece by piece: so that one of any size can be read, written elsewhere and compared. */
import { Double, Pairs, type Reply, type Status } from '../store/resp/reply.ts'
import type { Store } from '../store/store.ts'

type Argument = string | number | Uint8Array

/** A value, a field, an element, a member: `name` and `value` as the type has them. */
export interface Piece {
  readonly name: Buffer
  readonly value: Buffer
  /** Of a field of a map. Undefined without an end. */
  readonly ending: Ending | undefined
}

/** When something ends, by performance.now(): it is known as exactly as the answer was fast, and a busy machine is slow. */
export interface Ending {
  readonly earliest: number
  readonly latest: number
}

const pageSize = 500
// Their values may be large.
const elementsAtOnce = 100
const callsAtOnce = 50
const nothing = Buffer.alloc(0)

const types = ['string', 'hash', 'list', 'set', 'zset'] as const
export type Type = (typeof types)[number]

/** Whether a store has structures of this type. */
export function isType(type: string): type is Type {
  return (types as readonly string[]).includes(type)
}

/** The names of all keys, in the order of their bytes. */
export async function* keysOf(store: Store): AsyncGenerator<Buffer> {
  yield* paged(
    after => store.command('saola.keys.page', after, '*', pageSize),
    name => name,
  )
}

/** What is known of a key before it is read. */
export interface KeyFacts {
  /** `none` when it is absent. */
  readonly type: string
  /** Undefined without an end. */
  readonly ending: Ending | undefined
  /** Nearly, with all that it holds. Infinity where that is not told. */
  readonly bytes: number
}

/** All asked in one turn, so that many keys take one round trip. */
export async function factsOf(store: Store, key: Buffer): Promise<KeyFacts> {
  // A user of Redis may not be allowed to ask for it; then one key is read at a time.
  const size = store.command('memory', 'usage', key).catch(() => Number.POSITIVE_INFINITY)
  const ending = endingOf(store.command('pttl', key))
  const [type, bytes] = await Promise.all([store.command('type', key), size])
  return { type: (type as Status).text, ending: await ending, bytes: (bytes as number | null) ?? 0 }
}

/** Of the answer to a question that was asked just now: milliseconds, -1 without an end, -2 for what is gone. */
async function endingOf(answer: Promise<Reply>): Promise<Ending | undefined> {
  const askedAt = performance.now()
  const ms = (await answer) as number
  if (ms === -1) return undefined
  const leftMs = Math.max(0, ms)
  return { earliest: askedAt + leftMs, latest: performance.now() + leftMs }
}

/** Has `write` write the milliseconds that are left, at least 1, and returns by how many the end that is written may be another. */
export async function writeEnding(
  { earliest, latest }: Ending,
  write: (ttlMs: number) => Promise<unknown>,
): Promise<number> {
  const writtenAt = performance.now()
  await write(Math.max(1, Math.ceil(latest - writtenAt)))
  return latest - earliest + (performance.now() - writtenAt)
}

/** All that a key holds: of maps and sets in the order of bytes, of lists and sorted sets in theirs. */
export function piecesOf(store: Store, key: Buffer, type: Type): AsyncGenerator<Piece> {
  return readers[type](store, key)
}

const readers: Readonly<Record<Type, (store: Store, key: Buffer) => AsyncGenerator<Piece>>> = {
  string: async function* (store, key) {
    const value = (await store.command('get', key)) as Buffer | null
    if (value) yield { name: nothing, value, ending: undefined }
  },
  hash: (store, key) => fieldsOf(store, key),
  list: async function* (store, key) {
    for (let from = 0; ; from += elementsAtOnce) {
      const values = (await store.command('lrange', key, from, from + elementsAtOnce - 1)) as readonly Buffer[]
      for (const value of values) yield { name: nothing, value, ending: undefined }
      if (values.length < elementsAtOnce) return
    }
  },
  set: async function* (store, key) {
    const members = paged(
      after => store.command('saola.set.page', key, after, pageSize),
      name => name,
    )
    for await (const name of members) yield { name, value: nothing, ending: undefined }
  },
  zset: async function* (store, key) {
    for (let from = 0; ; from += pageSize) {
      // RESP3 has pairs, RESP2 one list.
      const items = itemsOf(
        await store.command('zrange', key, from, from + pageSize - 1, 'WITHSCORES'),
      ).flat() as Reply[]
      for (let i = 0; i + 1 < items.length; i += 2) {
        yield { name: items[i] as Buffer, value: Buffer.from(scoreOf(items[i + 1] as Reply)), ending: undefined }
      }
      if (items.length < 2 * pageSize) return
    }
  },
}

async function* fieldsOf(store: Store, key: Buffer): AsyncGenerator<Piece> {
  for (let after: Argument = '-'; ; ) {
    const items = itemsOf(await store.command('saola.map.page', key, after, '', pageSize)) as readonly Buffer[]
    if (items.length === 0) return
    const names = items.filter((_, i) => i % 2 === 0)
    const endings = await inSteps(names, name => endingOf(store.command('saola.map.ttl', key, name)))
    for (const [i, name] of names.entries()) yield { name, value: items[2 * i + 1] as Buffer, ending: endings[i] }
    after = Buffer.concat([Buffer.from('='), names.at(-1) as Buffer])
  }
}

/** Writes some pieces of a key behind those that it has. Returns by how many milliseconds one of them may end at another time. */
export async function writePieces(store: Store, key: Buffer, type: Type, pieces: readonly Piece[]): Promise<number> {
  if (pieces.length === 0) return 0
  if (type === 'hash') return writeFields(store, key, pieces)
  const names = pieces.map(({ name }) => name)
  const values = pieces.map(({ value }) => value)
  switch (type) {
    case 'string':
      await store.command('set', key, values[0] as Buffer)
      break
    case 'list':
      await store.command('rpush', key, ...values)
      break
    case 'set':
      await store.command('sadd', key, ...names)
      break
    case 'zset':
      await store.command('zadd', key, ...pieces.flatMap(({ name, value }) => [value, name]))
  }
  return 0
}

async function writeFields(store: Store, key: Buffer, pieces: readonly Piece[]): Promise<number> {
  const lasting = pieces.filter(({ ending }) => ending === undefined)
  if (lasting.length > 0) {
    await store.command('hset', key, ...lasting.flatMap(({ name, value }) => [name, value]))
  }
  const others = await inSteps(pieces, async ({ name, value, ending }) => {
    if (!ending || ending.latest <= performance.now()) return 0
    return writeEnding(ending, ttlMs => store.command('saola.map.set', key, ttlMs, '-', name, value))
  })
  return Math.max(0, ...others)
}

/** Some at once: many keys are read and written at the same time, and a connection takes so many calls only. */
async function inSteps<Item, Result>(items: readonly Item[], call: (item: Item) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = []
  for (let from = 0; from < items.length; from += callsAtOnce) {
    results.push(...(await Promise.all(items.slice(from, from + callsAtOnce).map(call))))
  }
  return results
}

async function* paged(
  next: (after: Argument) => Promise<Reply>,
  nameOf: (item: Buffer) => Buffer,
): AsyncGenerator<Buffer> {
  for (let after: Argument = '-'; ; ) {
    const page = (await next(after)) as readonly Buffer[]
    yield* page
    const last = page.at(-1)
    if (!last) return
    after = Buffer.concat([Buffer.from('='), nameOf(last)])
  }
}

function itemsOf(reply: Reply): readonly Reply[] {
  return reply instanceof Pairs ? reply.items : ((reply ?? []) as readonly Reply[])
}

/** In the shortest form that is the same number: both sides write it in their own. */
function scoreOf(reply: Reply): string {
  const score = reply instanceof Double ? reply.value : numberOf(String(reply))
  if (Number.isFinite(score)) return String(score)
  return score > 0 ? 'inf' : '-inf'
}

function numberOf(text: string): number {
  if (/^[+-]?inf/i.test(text)) return text.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  return Number(text)
}

/** What a key of a store holds, piece by piece: so that one of any size can be read, written elsewhere and compared. */
import { Double, Pairs, type Reply, type Status } from '../store/resp/reply.ts'
import type { Store } from '../store/store.ts'

type Argument = string | number | Uint8Array

/** A value, a field, an element, a member: `name` and `value` as the type has them. */
export interface Piece {
  readonly name: Buffer
  readonly value: Buffer
  /** Milliseconds that a field of a map still has; undefined without an end. */
  readonly ttlMs: number | undefined
}

const pageSize = 500
// Their values may be large.
const elementsAtOnce = 100
const nothing = Buffer.alloc(0)

export const types = ['string', 'hash', 'list', 'set', 'zset'] as const
export type Type = (typeof types)[number]

/** The names of all keys, in the order of their bytes. */
export async function* keysOf(store: Store): AsyncGenerator<Buffer> {
  yield* paged(
    after => store.command('saola.keys.page', after, '*', pageSize),
    name => name,
  )
}

/** `none` when it is absent. */
export async function typeOf(store: Store, key: Buffer): Promise<string> {
  return ((await store.command('type', key)) as Status).text
}

/** Milliseconds that a key still has; undefined without an end. */
export async function ttlOf(store: Store, key: Buffer): Promise<number | undefined> {
  const ms = (await store.command('pttl', key)) as number
  return ms < 0 ? undefined : ms
}

/** All that a key holds: of maps and sets in the order of bytes, of lists and sorted sets in theirs. */
export function piecesOf(store: Store, key: Buffer, type: Type): AsyncGenerator<Piece> {
  return readers[type](store, key)
}

const readers: Readonly<Record<Type, (store: Store, key: Buffer) => AsyncGenerator<Piece>>> = {
  string: async function* (store, key) {
    const value = (await store.command('get', key)) as Buffer | null
    if (value) yield { name: nothing, value, ttlMs: undefined }
  },
  hash: (store, key) => fieldsOf(store, key),
  list: async function* (store, key) {
    for (let from = 0; ; from += elementsAtOnce) {
      const values = (await store.command('lrange', key, from, from + elementsAtOnce - 1)) as readonly Buffer[]
      for (const value of values) yield { name: nothing, value, ttlMs: undefined }
      if (values.length < elementsAtOnce) return
    }
  },
  set: async function* (store, key) {
    const members = paged(
      after => store.command('saola.set.page', key, after, pageSize),
      name => name,
    )
    for await (const name of members) yield { name, value: nothing, ttlMs: undefined }
  },
  zset: async function* (store, key) {
    for (let from = 0; ; from += pageSize) {
      // RESP3 has pairs, RESP2 one list.
      const items = itemsOf(
        await store.command('zrange', key, from, from + pageSize - 1, 'WITHSCORES'),
      ).flat() as Reply[]
      for (let i = 0; i + 1 < items.length; i += 2) {
        yield { name: items[i] as Buffer, value: Buffer.from(scoreOf(items[i + 1] as Reply)), ttlMs: undefined }
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
    const ttls = (await Promise.all(names.map(name => store.command('saola.map.ttl', key, name)))) as readonly number[]
    for (const [i, name] of names.entries()) {
      const ms = ttls[i] ?? -1
      yield { name, value: items[2 * i + 1] as Buffer, ttlMs: ms === -1 ? undefined : Math.max(0, ms) }
    }
    after = Buffer.concat([Buffer.from('='), names.at(-1) as Buffer])
  }
}

/** Writes some pieces of a key behind those that it has. */
export async function writePieces(store: Store, key: Buffer, type: Type, pieces: readonly Piece[]): Promise<void> {
  if (pieces.length === 0) return
  const names = pieces.map(({ name }) => name)
  const values = pieces.map(({ value }) => value)
  switch (type) {
    case 'string':
      await store.command('set', key, values[0] as Buffer)
      return
    case 'list':
      await store.command('rpush', key, ...values)
      return
    case 'set':
      await store.command('sadd', key, ...names)
      return
    case 'zset':
      await store.command('zadd', key, ...pieces.flatMap(({ name, value }) => [value, name]))
      return
    case 'hash':
      await writeFields(store, key, pieces)
  }
}

async function writeFields(store: Store, key: Buffer, pieces: readonly Piece[]): Promise<void> {
  const lasting = pieces.filter(({ ttlMs }) => ttlMs === undefined)
  const ending = pieces.filter(({ ttlMs }) => ttlMs !== undefined && ttlMs > 0)
  const calls = ending.map(({ name, value, ttlMs }) =>
    store.command('saola.map.set', key, Math.ceil(ttlMs as number), '-', name, value),
  )
  if (lasting.length > 0) {
    calls.push(store.command('hset', key, ...lasting.flatMap(({ name, value }) => [name, value])))
  }
  await Promise.all(calls)
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

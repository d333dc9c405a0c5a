/** What the map of saola/store asks beyond the commands of hashes: conditions, times to live, pages. */

import { endOfPrefix } from '../database/key-names.ts'
import { type Entry, type Keyspace, keyTypes } from '../database/keyspace.ts'
import type { Reply } from '../resp/reply.ts'
import { integerOf, wordOf } from './arguments.ts'
import { type Command, type CommandContext, oneKey } from './command.ts'
import { syntaxError } from './command-error.ts'
import { deleteField, type FieldRow, valueAt, writeField } from './fields.ts'
import { bufferOf } from './strings.ts'

const pageMax = 10_000
const pageBytesMax = 4 * 1024 ** 2
const { hash } = keyTypes

export const maps: readonly Command[] = [
  {
    name: 'saola.map.set',
    summary: 'Sets fields with a time to live (0: none), all or none of them by a condition (NX, XX or -): 1 or 0.',
    usage: 'key ttl-ms condition field value [field value …]',
    arity: -5,
    flags: ['write'],
    keys: oneKey,
    run: (context, [key, ttl, condition, ...pairs]) =>
      setFields(context, key as Buffer, pairs, integerOf(ttl) || null, wordOf(condition)),
  },
  {
    name: 'saola.map.swap',
    summary:
      'Sets a field if it holds what is expected (- absent, or = and the value): 1 or 0. Keeps its time if ttl is -1.',
    usage: 'key field expected value ttl-ms',
    arity: 5,
    flags: ['write'],
    keys: oneKey,
    run: ({ keyspace, now }, [key, field, expected, value, ttl]) => {
      const entry = keyspace.findOf(key as Buffer, hash)
      if (!isExpected(entry && valueAt(keyspace, entry, field as Buffer), expected as Buffer)) return 0
      const ttlMs = integerOf(ttl)
      const expires = ttlMs > 0 ? now + ttlMs : ttlMs < 0 ? 'keep' : null
      writeField(keyspace, entry ?? keyspace.create(key as Buffer, hash), field as Buffer, value as Buffer, expires)
      return 1
    },
  },
  {
    name: 'saola.map.drop',
    summary: 'Deletes a field if it holds what is expected (- absent, or = and the value): 1 or 0.',
    usage: 'key field expected',
    arity: 3,
    flags: ['write', 'frees'],
    keys: oneKey,
    run: ({ keyspace }, [key, field, expected]) => {
      const entry = keyspace.findOf(key as Buffer, hash)
      if (!isExpected(entry && valueAt(keyspace, entry, field as Buffer), expected as Buffer)) return 0
      if (entry) deleteField(keyspace, entry, field as Buffer)
      return 1
    },
  },
  {
    name: 'saola.map.take',
    summary: 'Deletes a field, and returns what it held.',
    usage: 'key field',
    arity: 2,
    flags: ['write', 'frees'],
    keys: oneKey,
    run: ({ keyspace }, [key, field]) => {
      const entry = keyspace.findOf(key as Buffer, hash)
      const value = entry && valueAt(keyspace, entry, field as Buffer)
      if (!entry || !value) return null
      deleteField(keyspace, entry, field as Buffer)
      return value
    },
  },
  {
    name: 'saola.map.page',
    summary:
      'The next fields that begin with a prefix, in their order, after one (= and the field; - from the first on); fewer if they are large.',
    usage: 'key after prefix count',
    arity: 4,
    flags: ['readonly'],
    keys: oneKey,
    run: ({ keyspace }, [key, after, prefix, count]) => {
      const entry = keyspace.findOf(key as Buffer, hash)
      if (!entry) return []
      const from = after?.[0] === 0x3d ? after.subarray(1) : undefined
      return page(keyspace, entry, from, prefix as Buffer, Math.min(integerOf(count), pageMax))
    },
  },
  {
    name: 'saola.map.expire',
    summary: 'When a field ends: after so long, or never (0). 1, or 0 when it is absent.',
    usage: 'key field ttl-ms',
    arity: 3,
    flags: ['write'],
    keys: oneKey,
    run: ({ keyspace, now }, [key, field, ttl]) => {
      const entry = keyspace.findOf(key as Buffer, hash)
      const value = entry && valueAt(keyspace, entry, field as Buffer)
      if (!entry || !value) return 0
      const ttlMs = integerOf(ttl)
      writeField(keyspace, entry, field as Buffer, value, ttlMs > 0 ? now + ttlMs : null)
      return 1
    },
  },
  {
    name: 'saola.map.ttl',
    summary: 'How long a field still has, in milliseconds; -1 for ever, -2 when it is absent.',
    usage: 'key field',
    arity: 2,
    flags: ['readonly'],
    keys: oneKey,
    run: ({ keyspace, now }, [key, field]) => {
      const entry = keyspace.findOf(key as Buffer, hash)
      const row =
        entry && keyspace.sql('SELECT expires FROM fields WHERE id = ? AND field = ?').get(entry.id, field as Buffer)
      const [expires = 0] = (row ?? []) as unknown as (number | null)[]
      if (expires === null) return -1
      return expires > now ? expires - now : -2
    },
  },
]

export function setFields(
  { keyspace, now }: CommandContext,
  key: Buffer,
  pairs: readonly Buffer[],
  ttlMs: number | null,
  condition: string,
): number {
  if (!['NX', 'XX', '-'].includes(condition) || pairs.length % 2 !== 0) throw syntaxError()
  const found = keyspace.findOf(key, hash)
  const has = (field: Buffer) => found !== undefined && valueAt(keyspace, found, field) !== undefined
  for (let i = 0; i < pairs.length && condition !== '-'; i += 2) {
    if (has(pairs[i] as Buffer) !== (condition === 'XX')) return 0
  }
  const entry = found ?? keyspace.create(key, hash)
  const expires = ttlMs === null ? null : now + ttlMs
  for (let i = 0; i < pairs.length; i += 2) {
    writeField(keyspace, entry, pairs[i] as Buffer, pairs[i + 1] as Buffer, expires)
  }
  return 1
}

/** `-` expects nothing; `=` and a value expects that. */
function isExpected(value: Buffer | undefined, expected: Buffer): boolean {
  return value ? expected[0] === 0x3d && value.equals(expected.subarray(1)) : expected[0] === 0x2d
}

function page(keyspace: Keyspace, { id }: Entry, after: Buffer | undefined, prefix: Buffer, count: number): Reply[] {
  const isAfter = after !== undefined && after.compare(prefix) >= 0
  const end = endOfPrefix(prefix)
  const rows = keyspace
    .sql(
      `SELECT field, value FROM fields WHERE id = ?1 AND field ${isAfter ? '>' : '>='} ?2
       ${end ? 'AND field < ?5' : ''} AND (expires IS NULL OR expires > ?3) ORDER BY field LIMIT ?4`,
    )
    .iterate(id, isAfter ? after : prefix, keyspace.now, count, ...(end ? [end] : []))
  const items: Reply[] = []
  let bytes = 0
  for (const [field, value] of rows as unknown as Iterable<FieldRow>) {
    items.push(bufferOf(field), bufferOf(value))
    bytes += value.length
    // Whoever goes through large values needs no more of them at a time.
    if (bytes > pageBytesMax) break
  }
  return items
}

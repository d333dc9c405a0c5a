/** Fields with values under one key, each with a time to live of its own if wanted; the map of saola/store. */
import { type Entry, type Keyspace, keyTypes } from '../database/keyspace.ts'
import { Pairs, type Reply } from '../resp/reply.ts'
import { floatOf, integerOf, wordOf } from './arguments.ts'
import { type Command, type CommandContext, oneKey } from './command.ts'
import { CommandError, notAFloat, notAnInteger, syntaxError } from './command-error.ts'
import { formatFloat } from './format-number.ts'
import { bufferOf } from './strings.ts'

const pageMax = 10_000
const { hash } = keyTypes

// Not put together where they are used: a text that is made anew is looked up slowly.
const selectField = `SELECT f.value, f.expires, k.expires FROM keys k JOIN fields f ON f.id = k.id AND f.field = ?2
  WHERE k.name = ?1 AND k.type = ${hash}`
const live = 'WHERE id = ?1 AND field = ?2 AND (expires IS NULL OR expires > ?4)'
const updateValue = `UPDATE fields SET value = ?3 ${live}`
const updateField = `UPDATE fields SET value = ?3, expires = ?5 ${live}`

type FieldRow = [field: Uint8Array, value: Uint8Array]

export const hashes: readonly Command[] = [
  {
    name: 'hget',
    summary: 'The value of a field.',
    usage: 'key field',
    arity: 2,
    flags: ['readonly'],
    keys: oneKey,
    run: ({ keyspace }, [key, field]) => readField(keyspace, key as Buffer, field as Buffer),
  },
  {
    name: 'hmget',
    summary: 'The values of several fields; null for those that are absent.',
    usage: 'key field [field …]',
    arity: -2,
    flags: ['readonly'],
    keys: oneKey,
    run: ({ keyspace }, [key, ...fields]) => {
      const entry = keyspace.findOf(key as Buffer, hash)
      return fields.map(field => (entry && valueAt(keyspace, entry, field)) ?? null)
    },
  },
  {
    name: 'hexists',
    summary: 'Whether there is such a field: 1 or 0.',
    usage: 'key field',
    arity: 2,
    flags: ['readonly'],
    keys: oneKey,
    run: ({ keyspace }, [key, field]) => {
      const entry = keyspace.findOf(key as Buffer, hash)
      return entry && valueAt(keyspace, entry, field as Buffer) ? 1 : 0
    },
  },
  {
    name: 'hlen',
    summary: 'How many fields there are.',
    usage: 'key',
    arity: 1,
    flags: ['readonly'],
    keys: oneKey,
    run: ({ keyspace }, [key]) => {
      const entry = keyspace.findOf(key as Buffer, hash)
      return entry ? entry.size - expiredFields(keyspace, entry) : 0
    },
  },
  {
    name: 'hgetall',
    summary: 'All fields and their values.',
    usage: 'key',
    arity: 1,
    flags: ['readonly'],
    keys: oneKey,
    run: ({ keyspace }, [key]) =>
      new Pairs(
        allRows(keyspace, key as Buffer)
          .flat()
          .map(bufferOf),
      ),
  },
  {
    name: 'hkeys',
    summary: 'All fields.',
    usage: 'key',
    arity: 1,
    flags: ['readonly'],
    keys: oneKey,
    run: ({ keyspace }, [key]) => allRows(keyspace, key as Buffer).map(([field]) => bufferOf(field)),
  },
  {
    name: 'hvals',
    summary: 'All values.',
    usage: 'key',
    arity: 1,
    flags: ['readonly'],
    keys: oneKey,
    run: ({ keyspace }, [key]) => allRows(keyspace, key as Buffer).map(([, value]) => bufferOf(value)),
  },
  {
    name: 'hset',
    summary: 'Sets fields; returns how many are new.',
    usage: 'key field value [field value …]',
    arity: -3,
    flags: ['write'],
    keys: oneKey,
    run: ({ keyspace }, [key, ...pairs]) => {
      if (pairs.length % 2 !== 0) throw new CommandError('ERR', "wrong number of arguments for 'hset' command")
      const entry = keyspace.obtain(key as Buffer, hash)
      let added = 0
      for (let i = 0; i < pairs.length; i += 2) {
        if (writeField(keyspace, entry, pairs[i] as Buffer, pairs[i + 1] as Buffer, null)) added++
      }
      return added
    },
  },
  {
    name: 'hsetnx',
    summary: 'Sets a field that is absent: 1 or 0.',
    usage: 'key field value',
    arity: 3,
    flags: ['write'],
    keys: oneKey,
    run: (context, [key, field, value]) => setFields(context, key as Buffer, [field, value] as Buffer[], null, 'NX'),
  },
  {
    name: 'hdel',
    summary: 'Deletes fields; returns how many there were.',
    usage: 'key field [field …]',
    arity: -2,
    flags: ['write', 'frees'],
    keys: oneKey,
    run: ({ keyspace }, [key, ...fields]) => {
      const entry = keyspace.findOf(key as Buffer, hash)
      if (!entry) return 0
      let deleted = 0
      for (const field of fields) if (deleteField(keyspace, entry, field)) deleted++
      return deleted
    },
  },
  {
    name: 'hincrby',
    summary: 'Adds a whole number to a field; returns the new value.',
    usage: 'key field amount',
    arity: 3,
    flags: ['write'],
    keys: oneKey,
    run: ({ keyspace }, [key, field, amount]) => {
      const by = integerOf(amount)
      return addTo(keyspace, key as Buffer, field as Buffer, old => {
        const sum = (old === null ? 0 : integerOf(old)) + by
        if (!Number.isSafeInteger(sum)) throw notAnInteger()
        return { reply: sum, text: String(sum) }
      })
    },
  },
  {
    name: 'hincrbyfloat',
    summary: 'Adds a number with a fraction to a field; returns the new value as text.',
    usage: 'key field amount',
    arity: 3,
    flags: ['write'],
    keys: oneKey,
    run: ({ keyspace }, [key, field, amount]) => {
      const by = floatOf(amount)
      return addTo(keyspace, key as Buffer, field as Buffer, old => {
        const sum = (old === null ? 0 : floatOf(old)) + by
        if (!Number.isFinite(sum)) throw notAFloat()
        const text = formatFloat(sum)
        return { reply: Buffer.from(text), text }
      })
    },
  },
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
      'The next fields that begin with a prefix, in their order, after one (= and the field; - from the first on).',
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

/** `-` expects nothing; `=` and a value expects that. */
function isExpected(value: Buffer | undefined, expected: Buffer): boolean {
  return value ? expected[0] === 0x3d && value.equals(expected.subarray(1)) : expected[0] === 0x2d
}

/** One search for the key and its field together: what a map's `peek` waits for. */
function readField(keyspace: Keyspace, key: Buffer, field: Buffer): Buffer | null {
  const row = keyspace.sql(selectField).get(key, field) as unknown as
    | [Uint8Array, number | null, number | null]
    | undefined
  if (row) {
    const [value, ends, keyEnds] = row
    const isOver = (ends !== null && ends <= keyspace.now) || (keyEnds !== null && keyEnds <= keyspace.now)
    return isOver ? null : bufferOf(value)
  }
  // Absent, or of another type, which is an error.
  keyspace.findOf(key, hash)
  return null
}

function valueAt(keyspace: Keyspace, { id }: Entry, field: Buffer): Buffer | undefined {
  const row = keyspace.sql('SELECT value, expires FROM fields WHERE id = ? AND field = ?').get(id, field)
  if (!row) return undefined
  const [value, expires] = row as unknown as [Uint8Array, number | null]
  return expires !== null && expires <= keyspace.now ? undefined : bufferOf(value)
}

function allRows(keyspace: Keyspace, key: Buffer): FieldRow[] {
  const entry = keyspace.findOf(key, hash)
  if (!entry) return []
  return keyspace
    .sql('SELECT field, value FROM fields WHERE id = ? AND (expires IS NULL OR expires > ?)')
    .all(entry.id, keyspace.now) as unknown as FieldRow[]
}

function page(keyspace: Keyspace, { id }: Entry, after: Buffer | undefined, prefix: Buffer, count: number): Reply[] {
  const isAfter = after !== undefined && after.compare(prefix) >= 0
  const end = endOfPrefix(prefix)
  const rows = keyspace
    .sql(
      `SELECT field, value FROM fields WHERE id = ?1 AND field ${isAfter ? '>' : '>='} ?2
       ${end ? 'AND field < ?5' : ''} AND (expires IS NULL OR expires > ?3) ORDER BY field LIMIT ?4`,
    )
    .all(id, isAfter ? after : prefix, keyspace.now, count, ...(end ? [end] : [])) as unknown as FieldRow[]
  return rows.flat().map(bufferOf)
}

/** The first text behind all that begin with the prefix; undefined when there is none. */
export function endOfPrefix(prefix: Buffer): Buffer | undefined {
  const last = prefix.findLastIndex(byte => byte < 0xff)
  if (last < 0) return undefined
  const end = Buffer.from(prefix.subarray(0, last + 1))
  end[last] = (end[last] as number) + 1
  return end
}

function setFields(
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

function addTo(
  keyspace: Keyspace,
  key: Buffer,
  field: Buffer,
  add: (old: Buffer | null) => { reply: Reply; text: string },
): Reply {
  const found = keyspace.findOf(key, hash)
  const { reply, text } = add((found && valueAt(keyspace, found, field)) ?? null)
  writeField(keyspace, found ?? keyspace.create(key, hash), field, Buffer.from(text, 'latin1'), 'keep')
  return reply
}

/** Whether the field is new. The usual case, one that is there, is one statement. */
function writeField(
  keyspace: Keyspace,
  entry: Entry,
  field: Buffer,
  value: Buffer,
  expires: number | 'keep' | null,
): boolean {
  keyspace.touch(entry.name, field)
  const { id } = entry
  const { now } = keyspace
  const { changes } =
    expires === 'keep'
      ? keyspace.sql(updateValue).run(id, field, value, now)
      : keyspace.sql(updateField).run(id, field, value, now, expires)
  if (changes !== 0) return false
  const ends = expires === 'keep' ? null : expires
  const insert = 'INSERT INTO fields (id, field, value, expires) VALUES (?, ?, ?, ?)'
  // A field whose time is over may still have its row, and is counted.
  const hadRow = entry.size > 0 && dropRow(keyspace, id, field) !== undefined
  keyspace.sql(insert).run(id, field, value, ends)
  if (!hadRow) keyspace.resize(entry, 1)
  return true
}

/** Whether there was such a field. */
function deleteField(keyspace: Keyspace, entry: Entry, field: Buffer): boolean {
  const expires = dropRow(keyspace, entry.id, field)
  if (expires === undefined) return false
  keyspace.touch(entry.name, field)
  keyspace.resize(entry, -1)
  return expires === null || expires > keyspace.now
}

/** When the row's time was to end; undefined when there was no row. */
function dropRow(keyspace: Keyspace, id: number, field: Buffer): number | null | undefined {
  const row = keyspace.sql('DELETE FROM fields WHERE id = ? AND field = ? RETURNING expires').get(id, field)
  return (row as unknown as [number | null] | undefined)?.[0]
}

function expiredFields(keyspace: Keyspace, { id }: Entry): number {
  const row = keyspace
    .sql('SELECT count(*) FROM fields INDEXED BY fields_expiry WHERE id = ? AND expires IS NOT NULL AND expires <= ?')
    .get(id, keyspace.now)
  return (row as unknown as [number])[0]
}

/** Fields with values under one key, as in Redis. */
import { type Keyspace, keyTypes } from '../database/keyspace.ts'
import { ok, Pairs, type Reply } from '../resp/reply.ts'
import { sumOf, wholeOf } from './arguments.ts'
import { type Command, oneKey } from './command.ts'
import { CommandError, notAFloat } from './command-error.ts'
import { sumWithFraction } from './counting.ts'
import { answeredRows, deleteField, expiredFields, readField, valueAt, writeField } from './fields.ts'
import { longDoubleOf } from './long-double.ts'
import { setFields } from './maps.ts'
import { bufferOf } from './string-values.ts'

const { hash } = keyTypes

export const hashes: readonly Command[] = [
  {
    name: 'hget',
    summary: 'The value of a field.',
    usage: 'key field',
    arity: 2,
    flags: ['readonly', 'single'],
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
      return fields.map(field => keyspace.answer.element((entry && valueAt(keyspace, entry, field)) ?? null))
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
        answeredRows(keyspace, key as Buffer)
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
    run: ({ keyspace }, [key]) => answeredRows(keyspace, key as Buffer).map(([field]) => bufferOf(field)),
  },
  {
    name: 'hvals',
    summary: 'All values.',
    usage: 'key',
    arity: 1,
    flags: ['readonly'],
    keys: oneKey,
    run: ({ keyspace }, [key]) => answeredRows(keyspace, key as Buffer).map(([, value]) => bufferOf(value)),
  },
  {
    name: 'hstrlen',
    summary: 'The bytes of the value of a field; 0 when there is none.',
    usage: 'key field',
    arity: 2,
    flags: ['readonly'],
    keys: oneKey,
    run: ({ keyspace }, [key, field]) => {
      const entry = keyspace.findOf(key as Buffer, hash)
      return (entry && valueAt(keyspace, entry, field as Buffer)?.length) ?? 0
    },
  },
  ...['hset', 'hmset'].map(
    (name): Command => ({
      name,
      summary: `Sets fields${name === 'hset' ? '; returns how many are new' : ''}.`,
      usage: 'key field value [field value …]',
      arity: -3,
      flags: ['write'],
      keys: oneKey,
      run: ({ keyspace }, [key, ...pairs]) => {
        if (pairs.length % 2 !== 0) throw new CommandError('ERR', `wrong number of arguments for '${name}' command`)
        const entry = keyspace.obtain(key as Buffer, hash)
        let added = 0
        for (let i = 0; i < pairs.length; i += 2) {
          if (writeField(keyspace, entry, pairs[i] as Buffer, pairs[i + 1] as Buffer, null)) added++
        }
        return name === 'hset' ? added : ok
      },
    }),
  ),
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
      const by = wholeOf(amount)
      return addTo(keyspace, key as Buffer, field as Buffer, old => {
        const sum = sumOf(old === null ? 0 : valueAsWhole(old), by)
        if (sum === undefined) throw new CommandError('ERR', 'increment or decrement would overflow')
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
      const by = longDoubleOf((amount as Buffer).toString('latin1'))
      if (by === undefined) throw notAFloat()
      if (typeof by === 'string') throw new CommandError('ERR', 'value is NaN or Infinity')
      return addTo(keyspace, key as Buffer, field as Buffer, old => {
        const text = sumWithFraction(old ?? undefined, amount as Buffer, valueIsNoFloat)
        return { reply: Buffer.from(text), text }
      })
    },
  },
]

function valueIsNoFloat(): CommandError {
  return new CommandError('ERR', 'hash value is not a float')
}

function valueAsWhole(value: Buffer): number | bigint {
  try {
    return wholeOf(value)
  } catch {
    throw new CommandError('ERR', 'hash value is not an integer')
  }
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

/** OBJECT: how Redis would keep a key. Here all is rows; clients and their tests ask all the same. */
import { type Entry, type Keyspace, keyTypes } from '../database/keyspace.ts'
import type { Reply } from '../resp/reply.ts'
import { wholeOf } from './arguments.ts'
import type { Command, CommandContext } from './command.ts'
import { CommandError } from './command-error.ts'
import { container, type Subcommand } from './container.ts'
import { lengthOf, read } from './string-values.ts'

// Those of Redis 7.0 by default.
const hashSizeMax = 512
const intSetSizeMax = 512
const sortedSetSizeMax = 128
const elementBytesMax = 64
const embeddedBytesMax = 44

const about = (
  name: string,
  summary: string,
  answer: (context: CommandContext, entry: Entry) => Reply,
): Subcommand => ({
  name,
  summary,
  usage: 'key',
  arity: 1,
  run: (context, [key]) => {
    const entry = context.keyspace.find(key as Buffer)
    return entry ? answer(context, entry) : null
  },
})

export const objects: readonly Command[] = [
  container({
    name: 'object',
    summary: 'How Redis would keep what a key holds.',
    flags: ['readonly'],
    keys: { first: 1, last: 1, step: 1 },
    subcommands: [
      about('encoding', 'Its form in the memory of Redis.', ({ keyspace }, entry) =>
        Buffer.from(encodingOf(keyspace, entry), 'latin1'),
      ),
      about('refcount', 'How many use it: 1.', () => 1),
      about('idletime', 'For how many seconds it was not used: 0, as that is not kept here.', () => 0),
      about('freq', 'How often it is used: an error, as in Redis without an LFU policy.', () => {
        throw new CommandError(
          'ERR',
          'An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.',
        )
      }),
    ],
  }),
]

function encodingOf(keyspace: Keyspace, entry: Entry): string {
  switch (entry.type) {
    case keyTypes.string:
      return stringEncodingOf(keyspace, entry)
    case keyTypes.list:
      return 'quicklist'
    case keyTypes.set:
      return isIntSet(keyspace, entry) ? 'intset' : 'hashtable'
    case keyTypes.hash:
      return isSmallHash(keyspace, entry) ? 'listpack' : 'hashtable'
    default:
      return isSmallSortedSet(keyspace, entry) ? 'listpack' : 'skiplist'
  }
}

/** What Redis keeps in one piece it also returns in one, whatever a scan asks for. */
export function isSmallHash(keyspace: Keyspace, { id, size }: Entry): boolean {
  return size <= hashSizeMax && !hasLong(keyspace, id, 'fields', ['field', 'value'])
}

export function isSmallSortedSet(keyspace: Keyspace, { id, size }: Entry): boolean {
  return size <= sortedSetSizeMax && !hasLong(keyspace, id, 'members', ['member'])
}

export function isIntSet(keyspace: Keyspace, { id, size }: Entry): boolean {
  if (size > intSetSizeMax) return false
  const rows = keyspace.sql('SELECT field FROM fields WHERE id = ?').all(id) as unknown as [Uint8Array][]
  return rows.every(([member]) => isWhole(Buffer.from(member)))
}

function hasLong(keyspace: Keyspace, id: number, table: string, columns: readonly string[]): boolean {
  const isLong = columns.map(column => `length(${column}) > ${elementBytesMax}`).join(' OR ')
  return keyspace.sql(`SELECT 1 FROM ${table} WHERE id = ? AND (${isLong}) LIMIT 1`).get(id) !== undefined
}

function stringEncodingOf(keyspace: Keyspace, entry: Entry): string {
  const length = lengthOf(keyspace, entry)
  if (length <= 20 && isWhole(read(keyspace, entry.name) as Buffer)) return 'int'
  return length <= embeddedBytesMax ? 'embstr' : 'raw'
}

function isWhole(bytes: Buffer): boolean {
  try {
    wholeOf(bytes)
    return true
  } catch {
    return false
  }
}

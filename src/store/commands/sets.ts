/** Members without an order of their own; the set of saola/store. They lie in the rows of fields, without a value. */
import { type Entry, type Keyspace, keyTypes } from '../database/keyspace.ts'
import type { Reply } from '../resp/reply.ts'
import { integerOf } from './arguments.ts'
import { allKeys, type Command, type CommandContext, oneKey } from './command.ts'
import { CommandError, syntaxError } from './command-error.ts'
import { type Combination, combinations, combine } from './set-combinations.ts'
import { bufferOf } from './strings.ts'

const pageMax = 10_000
const nothing = Buffer.alloc(0)
const { set } = keyTypes
// To skip a row takes 23 ns: a pop never more than 3 ms.
const skippedMax = 100_000

const readonly = { flags: ['readonly'], keys: oneKey } as const
const write = { flags: ['write'], keys: oneKey } as const
const frees = { flags: ['write', 'frees'], keys: oneKey } as const

export const sets: readonly Command[] = [
  {
    ...write,
    name: 'sadd',
    summary: 'Adds members; returns how many are new.',
    usage: 'key member [member …]',
    arity: -2,
    run: ({ keyspace }, [key, ...members]) => {
      const entry = keyspace.obtain(key as Buffer, set)
      return members.filter(member => addMember(keyspace, entry, member)).length
    },
  },
  {
    ...frees,
    name: 'srem',
    summary: 'Removes members; returns how many there were.',
    usage: 'key member [member …]',
    arity: -2,
    run: ({ keyspace }, [key, ...members]) => {
      const entry = keyspace.findOf(key as Buffer, set)
      return entry ? members.filter(member => removeMember(keyspace, entry, member)).length : 0
    },
  },
  {
    ...readonly,
    name: 'sismember',
    summary: 'Whether there is such a member: 1 or 0.',
    usage: 'key member',
    arity: 2,
    run: ({ keyspace }, [key, member]) => {
      const entry = keyspace.findOf(key as Buffer, set)
      return entry && hasMember(keyspace, entry, member as Buffer) ? 1 : 0
    },
  },
  {
    ...readonly,
    name: 'smismember',
    summary: 'Whether there are such members: 1 or 0 for each.',
    usage: 'key member [member …]',
    arity: -2,
    run: ({ keyspace }, [key, ...members]) => {
      const entry = keyspace.findOf(key as Buffer, set)
      return members.map(member => (entry && hasMember(keyspace, entry, member) ? 1 : 0))
    },
  },
  {
    ...readonly,
    name: 'smembers',
    summary: 'All members.',
    usage: 'key',
    arity: 1,
    run: ({ keyspace }, [key]) => {
      const entry = keyspace.findOf(key as Buffer, set)
      return entry ? membersAfter(keyspace, entry, undefined, entry.size) : []
    },
  },
  {
    ...readonly,
    name: 'scard',
    summary: 'How many members there are.',
    usage: 'key',
    arity: 1,
    run: ({ keyspace }, [key]) => keyspace.findOf(key as Buffer, set)?.size ?? 0,
  },
  {
    ...frees,
    name: 'spop',
    summary: 'Removes members at random, one or so many, and returns them. Of a huge set it takes them from the ends.',
    usage: 'key [count]',
    arity: [1, 2],
    run: ({ keyspace }, [key, count]) => {
      const wanted = count === undefined ? 1 : integerOf(count)
      if (wanted < 0) throw new CommandError('ERR', 'value is out of range, must be positive')
      const entry = keyspace.findOf(key as Buffer, set)
      const popped = entry && wanted > 0 ? pop(keyspace, entry, wanted) : []
      return count === undefined ? (popped[0] ?? null) : popped
    },
  },
  {
    ...write,
    name: 'smove',
    summary: 'Moves a member from one set to another: 1, or 0 when it is absent.',
    usage: 'source destination member',
    arity: 3,
    keys: { first: 0, last: 1, step: 1 },
    run: ({ keyspace }, [source, destination, member]) => {
      const from = keyspace.findOf(source as Buffer, set)
      const to = keyspace.findOf(destination as Buffer, set)
      if (!from || !hasMember(keyspace, from, member as Buffer)) return 0
      if (from === to) return 1
      addMember(keyspace, to ?? keyspace.create(destination as Buffer, set), member as Buffer)
      removeMember(keyspace, from, member as Buffer)
      return 1
    },
  },
  ...Object.entries(combinations).map(
    ([name, { summary }]): Command => ({
      ...readonly,
      name: `s${name}`,
      summary: `${summary}, all at once.`,
      usage: 'key [key …]',
      arity: -1,
      keys: allKeys,
      run: (context, keys) =>
        combineSets(context, name as Combination, keys, undefined, Number.POSITIVE_INFINITY).members,
    }),
  ),
  {
    ...readonly,
    name: 'saola.set.page',
    summary: 'The next members, in the order of their bytes, after one (= and the member; - from the first on).',
    usage: 'key after count',
    arity: 3,
    run: ({ keyspace }, [key, after, count]) => {
      const limit = Math.min(integerOf(count), pageMax)
      const entry = keyspace.findOf(key as Buffer, set)
      return entry ? membersAfter(keyspace, entry, afterOf(after), limit) : []
    },
  },
  {
    ...readonly,
    name: 'saola.set.combine',
    summary:
      'The next members of the UNION, INTER or DIFF of sets, after one (as saola.set.page). Looks at so many members, and answers with after which it was, or null at the end, and those that are in.',
    usage: 'combination after count key [key …]',
    arity: -4,
    keys: { first: 3, last: -1, step: 1 },
    run: (context, [word, after, count, ...keys]) => {
      const name = word?.toString('latin1').toLowerCase() ?? ''
      if (!Object.hasOwn(combinations, name)) throw syntaxError()
      const limit = Math.min(Math.max(1, integerOf(count)), pageMax)
      const { last, members } = combineSets(context, name as Combination, keys, afterOf(after), limit)
      return [last ?? null, ...members]
    },
  },
]

function afterOf(argument: Buffer | undefined): Buffer | undefined {
  return argument?.[0] === 0x3d ? argument.subarray(1) : undefined
}

function combineSets(
  { keyspace }: CommandContext,
  name: Combination,
  keys: readonly Buffer[],
  after: Buffer | undefined,
  count: number,
): { last: Buffer | undefined; members: Reply[] } {
  const entries = keys.map(key => keyspace.findOf(key, set))
  return combine(name, entries, after, count, {
    after: (entry, member, limit) => membersAfter(keyspace, entry, member, limit),
    has: (entry, member) => hasMember(keyspace, entry, member),
  })
}

function membersAfter(keyspace: Keyspace, { id }: Entry, after: Buffer | undefined, count: number): Buffer[] {
  const rows = keyspace
    .sql(`SELECT field FROM fields WHERE id = ? AND field ${after ? '>' : '>='} ? ORDER BY field LIMIT ?`)
    .all(id, after ?? nothing, count) as unknown as [Uint8Array][]
  return rows.map(([member]) => bufferOf(member))
}

function hasMember(keyspace: Keyspace, { id }: Entry, member: Buffer): boolean {
  return keyspace.sql('SELECT 1 FROM fields WHERE id = ? AND field = ?').get(id, member) !== undefined
}

/** Whether it is new. */
function addMember(keyspace: Keyspace, entry: Entry, member: Buffer): boolean {
  const { changes } = keyspace
    .sql('INSERT OR IGNORE INTO fields (id, field, value) VALUES (?, ?, ?)')
    .run(entry.id, member, nothing)
  if (changes === 0) return false
  keyspace.touch(entry.name, member)
  keyspace.resize(entry, 1)
  return true
}

/** Whether it was there. */
function removeMember(keyspace: Keyspace, entry: Entry, member: Buffer): boolean {
  const { changes } = keyspace.sql('DELETE FROM fields WHERE id = ? AND field = ?').run(entry.id, member)
  if (changes === 0) return false
  keyspace.touch(entry.name, member)
  keyspace.resize(entry, -1)
  return true
}

function pop(keyspace: Keyspace, entry: Entry, count: number): Buffer[] {
  if (count >= entry.size) {
    const members = membersAfter(keyspace, entry, undefined, entry.size)
    keyspace.remove(entry)
    return members
  }
  const popped = count === 1 ? [pickOne(keyspace, entry)] : pickSome(keyspace, entry, count)
  for (const member of popped) removeMember(keyspace, entry, member)
  return popped
}

function pickOne(keyspace: Keyspace, { id, size }: Entry): Buffer {
  // From the lower or the upper end, whichever is nearer; in a set of more than both reach, what is between has to wait.
  const reach = Math.min(size, 2 * skippedMax)
  const index = Math.floor(Math.random() * reach)
  const isLower = index < reach / 2
  const row = keyspace
    .sql(`SELECT field FROM fields WHERE id = ? ORDER BY field ${isLower ? '' : 'DESC'} LIMIT 1 OFFSET ?`)
    .get(id, isLower ? index : reach - 1 - index)
  return bufferOf((row as unknown as [Uint8Array])[0])
}

/** A random choice of a random window, in which about as many again are left. */
function pickSome(keyspace: Keyspace, { id, size }: Entry, count: number): Buffer[] {
  const width = Math.min(size, Math.max(2 * count, 2000))
  const start = Math.floor(Math.random() * (Math.min(size - width, skippedMax) + 1))
  const rows = keyspace
    .sql('SELECT field FROM fields WHERE id = ? ORDER BY field LIMIT ? OFFSET ?')
    .all(id, width, start) as unknown as [Uint8Array][]
  const members = rows.map(([member]) => bufferOf(member))
  for (let i = 0; i < count; i++) {
    const other = i + Math.floor(Math.random() * (members.length - i))
    const member = members[i] as Buffer
    members[i] = members[other] as Buffer
    members[other] = member
  }
  return members.slice(0, count)
}

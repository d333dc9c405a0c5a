/** Members without an order of their own; the set of saola/store. They lie in the rows of fields, without a value. */
import { keyTypes } from '../database/keyspace.ts'
import { Members } from '../resp/reply.ts'
import { integerOf } from './arguments.ts'
import { type Command, oneKey } from './command.ts'
import { cursorOf, cursorsOf, ended } from './cursors.ts'
import { isIntSet } from './objects.ts'
import { scanOptionsOf } from './scan-options.ts'
import { addMember, hasMember, membersAfter, removeMember } from './set-members.ts'

const pageMax = 10_000
const { set } = keyTypes

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
      if (!entry) return new Members([])
      keyspace.answer.elements(entry.size, () => {
        const weigh = keyspace.sql('SELECT sum(length(field)) FROM fields WHERE id = ?')
        return (weigh.get(entry.id) as unknown as [number])[0]
      })
      return new Members(membersAfter(keyspace, entry, undefined, entry.size))
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
    ...write,
    name: 'smove',
    summary: 'Moves a member from one set to another: 1, or 0 when it is absent.',
    usage: 'source destination member',
    arity: 3,
    keys: { first: 0, last: 1, step: 1 },
    run: ({ keyspace }, [source, destination, member]) => {
      const from = keyspace.findOf(source as Buffer, set)
      if (!from) return 0
      const to = keyspace.findOf(destination as Buffer, set)
      if (!hasMember(keyspace, from, member as Buffer)) return 0
      if (from === to) return 1
      addMember(keyspace, to ?? keyspace.create(destination as Buffer, set), member as Buffer)
      removeMember(keyspace, from, member as Buffer)
      return 1
    },
  },
  {
    name: 'sscan',
    summary: 'The next members, and the cursor for those behind them, 0 at the end.',
    usage: 'key cursor [MATCH pattern] [COUNT count]',
    arity: -2,
    flags: ['owner'],
    keys: oneKey,
    run: ({ keyspace }, [key, cursor, ...words]) => {
      const position = cursorOf(cursor)
      const entry = keyspace.findOf(key as Buffer, set)
      if (!entry) return [ended, []]
      const { count, matches } = scanOptionsOf(words)
      const cursors = cursorsOf(keyspace)
      const of = `set ${entry.id}`
      const limit = isIntSet(keyspace, entry) ? entry.size : count
      const members = membersAfter(keyspace, entry, cursors.find(of, position), limit)
      const last = members.at(-1)
      const hasMore = last && members.length >= limit && limit < entry.size
      return [hasMore ? cursors.keep(of, last) : ended, members.filter(matches)]
    },
  },
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
]

/** `=` and a member, or anything else for none. */
export function afterOf(argument: Buffer | undefined): Buffer | undefined {
  return argument?.[0] === 0x3d ? argument.subarray(1) : undefined
}

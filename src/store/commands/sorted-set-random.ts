/** Some members of a sorted set: any ones, the next ones. */
import { type Entry, type Keyspace, keyTypes } from '../database/keyspace.ts'
import type { Reply } from '../resp/reply.ts'
import { doubleText } from '../resp/write-reply.ts'
import { wordOf } from './arguments.ts'
import { type Command, type CommandContext, oneKey } from './command.ts'
import { CommandError, syntaxError } from './command-error.ts'
import { cursorOf, cursorsOf, ended } from './cursors.ts'
import { rowsIn } from './members.ts'
import { isSmallSortedSet } from './objects.ts'
import { chooseFrom, repeatedMax, signedCountOf } from './random-choice.ts'
import { everything } from './ranges.ts'
import type { MemberRow } from './ranks.ts'
import { scanOptionsOf } from './scan-options.ts'
import { scored } from './scored.ts'
import { bufferOf } from './string-values.ts'

const { zset } = keyTypes
const nothing = Buffer.alloc(0)
/** To find a member by its index costs as much as to read so many. */
const readMax = 50

export const randomScored: readonly Command[] = [
  {
    name: 'zrandmember',
    summary: 'A member at random; so many different ones; or, below 0, so many that may repeat.',
    usage: 'key [count [WITHSCORES]]',
    arity: -1,
    flags: ['readonly'],
    keys: oneKey,
    run: (context, [key, count, ...words]) => {
      const { keyspace } = context
      const wanted = count === undefined ? 1 : signedCountOf(count)
      if (words.length > 1 || (words.length === 1 && wordOf(words[0]) !== 'WITHSCORES')) throw syntaxError()
      if (words.length === 1 && Math.abs(wanted) > 2 ** 62) throw new CommandError('ERR', 'value is out of range')
      const entry = keyspace.findOf(key as Buffer, zset)
      if (!entry) return count === undefined ? null : []
      if (wanted < -repeatedMax) throw new CommandError('ERR', 'value is out of range')
      const rows = choose(keyspace, entry, wanted)
      if (words.length === 1) return scored(context, rows)
      const members = rows.map(([member]) => bufferOf(member))
      return count === undefined ? (members[0] ?? null) : members
    },
  },
  {
    name: 'zscan',
    summary: 'The next members with their scores, and the cursor for those behind them, 0 at the end.',
    usage: 'key cursor [MATCH pattern] [COUNT count]',
    arity: -2,
    flags: ['owner'],
    keys: oneKey,
    run: scan,
  },
]

/** So many different rows, or with a count below 0 such as may repeat. */
function choose(keyspace: Keyspace, entry: Entry, count: number): MemberRow[] {
  const { size } = entry
  const wanted = Math.abs(count)
  const rowsAt = (offset: number, limit: number) =>
    rowsIn(keyspace, entry, everything, { offset, limit, isReverse: false })
  if (wanted * readMax > size) return chooseFrom(rowsAt(0, size), count)
  const any = () => Math.floor(Math.random() * size)
  if (count < 0) return Array.from({ length: wanted }, any).flatMap(index => rowsAt(index, 1))
  const indexes = new Set<number>()
  // A few of many, so hardly one comes twice.
  while (indexes.size < wanted) indexes.add(any())
  return [...indexes].flatMap(index => rowsAt(index, 1))
}

function scan({ keyspace }: CommandContext, [key, cursor, ...words]: readonly Buffer[]): Reply {
  const position = cursorOf(cursor)
  const entry = keyspace.findOf(key as Buffer, zset)
  if (!entry) return [ended, []]
  const { count, matches } = scanOptionsOf(words)
  const cursors = cursorsOf(keyspace)
  const of = `zset ${entry.id}`
  const limit = isSmallSortedSet(keyspace, entry) ? entry.size : count
  const after = cursors.find(of, position)
  const rows = keyspace
    .sql(`SELECT member, score FROM members WHERE id = ? AND member ${after ? '>' : '>='} ? ORDER BY member LIMIT ?`)
    .all(entry.id, after ?? nothing, limit) as unknown as MemberRow[]
  const found = rows.flatMap(([bytes, score]) => {
    const member = bufferOf(bytes)
    return matches(member) ? [member, Buffer.from(doubleText(score), 'latin1')] : []
  })
  const last = rows.at(-1)
  const hasMore = last && rows.length >= limit && limit < entry.size
  return [hasMore ? cursors.keep(of, bufferOf(last[0])) : ended, found]
}

/** What takes the members with the lowest or highest scores, at once or as soon as there are any. */
import { shownName } from '../database/key-names.ts'
import { type Entry, type Keyspace, keyTypes } from '../database/keyspace.ts'
import type { Reply } from '../resp/reply.ts'
import { type Command, type CommandContext, oneKey } from './command.ts'
import { syntaxError } from './command-error.ts'
import { removeRows, rowsIn } from './members.ts'
import { everything } from './ranges.ts'
import type { MemberRow } from './ranks.ts'
import { flat, paired, scored } from './scored.ts'
import { type CountedTake, countedTakeOf, positiveOf, takeOrWait, timeoutOf } from './waiting.ts'

const { zset } = keyTypes
const ends = ['MIN', 'MAX'] as const
type End = (typeof ends)[number]
const wordFor = { MIN: 'lowest', MAX: 'highest' } as const
const timeoutInSeconds = 'waits for one, so many seconds (0: for ever)'

export function sortedSetPops(blockSizeMax: number): readonly Command[] {
  const take = (keyspace: Keyspace, entry: Entry, from: End, count: number): MemberRow[] => {
    const limit = Math.min(count, entry.size)
    const rows = rowsIn(keyspace, entry, everything, { offset: 0, limit, isReverse: from === 'MAX' })
    removeRows({ keyspace, entry, blockSizeMax }, rows)
    return rows
  }
  const takeMany = (context: CommandContext, { keys, from, count }: CountedTake<End>, timeoutMs?: number): Reply =>
    takeOrWait(context, {
      keys,
      type: zset,
      ...(timeoutMs !== undefined && { timeoutMs }),
      take: entry => {
        const name = shownName(entry.name)
        return [name, paired(take(context.keyspace, entry, from, count))]
      },
    })
  return [
    ...ends.map(
      (from): Command => ({
        name: from === 'MIN' ? 'zpopmin' : 'zpopmax',
        summary: `Removes the members with the ${wordFor[from]} scores, one or so many, and returns them.`,
        usage: 'key [count]',
        arity: -1,
        flags: ['write', 'frees'],
        keys: oneKey,
        run: (context, [key, count, ...more]) => {
          if (more.length > 0) throw syntaxError()
          const limit = count === undefined ? 1 : positiveOf(count)
          const entry = context.keyspace.findOf(key as Buffer, zset)
          if (!entry || limit === 0) return []
          const rows = take(context.keyspace, entry, from, limit)
          return count === undefined ? flat(rows) : scored(context, rows)
        },
      }),
    ),
    ...ends.map(
      (from): Command => ({
        name: from === 'MIN' ? 'bzpopmin' : 'bzpopmax',
        summary: `Removes the member with the ${wordFor[from]} score of the first of the sorted sets that is there; ${timeoutInSeconds}. Returns the name of the sorted set, the member and its score.`,
        usage: 'key [key …] timeout',
        arity: -2,
        flags: ['write', 'frees', 'waits'],
        keys: { first: 0, last: -2, step: 1 },
        run: (context, args) =>
          takeOrWait(context, {
            keys: args.slice(0, -1),
            type: zset,
            timeoutMs: timeoutOf(args.at(-1)),
            take: entry => [shownName(entry.name), ...flat(take(context.keyspace, entry, from, 1))],
          }),
      }),
    ),
    {
      name: 'zmpop',
      summary:
        'Removes the members with the lowest or highest scores of the first of the sorted sets that is there; returns its name and them.',
      usage: 'numkeys key [key …] MIN | MAX [COUNT count]',
      arity: -3,
      flags: ['write', 'frees'],
      keys: { countAt: 0 },
      run: (context, args) => takeMany(context, countedTakeOf(args, ends)),
    },
    {
      name: 'bzmpop',
      summary: `As zmpop; ${timeoutInSeconds}.`,
      usage: 'timeout numkeys key [key …] MIN | MAX [COUNT count]',
      arity: -4,
      flags: ['write', 'frees', 'waits'],
      keys: { countAt: 1 },
      run: (context, [timeout, ...args]) => {
        const wanted = countedTakeOf(args, ends)
        return takeMany(context, wanted, timeoutOf(timeout))
      },
    },
  ]
}

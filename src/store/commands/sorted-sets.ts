/** Members with a score each, in the order of their scores; the sorted set of saola/store. */
import { keyTypes } from '../database/keyspace.ts'
import { Double, type Reply } from '../resp/reply.ts'
import { integerOf, wordOf } from './arguments.ts'
import { type Command, type CommandContext, oneKey } from './command.ts'
import { CommandError, syntaxError } from './command-error.ts'
import { removeMember, removeRows, rowsIn, scoreOf, writeMember } from './members.ts'
import { everything, placeAfter } from './ranges.ts'
import { blockSizeMax as blockSizeMaxDefault, countBefore, type Ranked } from './ranks.ts'
import { flat } from './scored.ts'
import { sortedSetAlgebra } from './sorted-set-algebra.ts'
import { type AddOptions, addOptionsOf, scoreArgumentOf } from './sorted-set-options.ts'
import { sortedSetPops } from './sorted-set-pops.ts'
import { randomScored } from './sorted-set-random.ts'
import { findRange, sortedSetRanges } from './sorted-set-ranges.ts'

const pageMax = 10_000
const { zset } = keyTypes

export const sortedSets = sortedSetCommands(blockSizeMaxDefault)

/** The commands, with blocks (ranks.ts) of this size: small ones show in a test what large ones do rarely. */
export function sortedSetCommands(blockSizeMax: number): readonly Command[] {
  const readonly = { flags: ['readonly'], keys: oneKey } as const
  const write = { flags: ['write'], keys: oneKey } as const
  const frees = { flags: ['write', 'frees'], keys: oneKey } as const
  return [
    {
      ...write,
      name: 'zadd',
      summary: 'Gives members a score; returns how many are new.',
      usage: 'key [NX | XX] [GT | LT] [CH] [INCR] score member [score member …]',
      arity: -3,
      run: (context, [key, ...args]) => add(context, key as Buffer, addOptionsOf(args), blockSizeMax),
    },
    {
      ...write,
      name: 'zincrby',
      summary: 'Adds to the score of a member, which begins at 0; returns the new score.',
      usage: 'key amount member',
      arity: 3,
      run: (context, [key, amount, member]) => {
        const pairs = [[scoreArgumentOf(amount), member as Buffer]] as const
        return add(context, key as Buffer, { ...addAnything, isIncrement: true, pairs }, blockSizeMax)
      },
    },
    {
      ...frees,
      name: 'zrem',
      summary: 'Removes members; returns how many there were.',
      usage: 'key member [member …]',
      arity: -2,
      run: ({ keyspace }, [key, ...members]) => {
        const entry = keyspace.findOf(key as Buffer, zset)
        if (!entry) return 0
        const removed = members.filter(member => removeMember({ keyspace, entry, blockSizeMax }, member)).length
        if (removed > 0) keyspace.touch(entry.name)
        return removed
      },
    },
    {
      ...readonly,
      name: 'zscore',
      summary: 'The score of a member.',
      usage: 'key member',
      arity: 2,
      run: (context, [key, member]) => scores(context, key as Buffer, [member as Buffer])[0] ?? null,
    },
    {
      ...readonly,
      name: 'zmscore',
      summary: 'The scores of members; null for those that are absent.',
      usage: 'key member [member …]',
      arity: -2,
      run: (context, [key, ...members]) => scores(context, key as Buffer, members),
    },
    {
      ...readonly,
      name: 'zcard',
      summary: 'How many members there are.',
      usage: 'key',
      arity: 1,
      run: ({ keyspace }, [key]) => keyspace.findOf(key as Buffer, zset)?.size ?? 0,
    },
    ...[
      { name: 'zrank', isReverse: false },
      { name: 'zrevrank', isReverse: true },
    ].map(
      ({ name, isReverse }): Command => ({
        ...readonly,
        name,
        summary: `How many members are before a member, the ${isReverse ? 'highest' : 'lowest'} one first; null when it is absent.`,
        usage: 'key member',
        arity: 2,
        run: ({ keyspace }, [key, member]) => {
          const entry = keyspace.findOf(key as Buffer, zset)
          const score = entry && scoreOf(keyspace, entry, member as Buffer)
          if (!entry || score === undefined) return null
          const rank = countBefore(keyspace, entry, { score, member: member as Buffer })
          return isReverse ? entry.size - 1 - rank : rank
        },
      }),
    ),
    {
      ...readonly,
      name: 'saola.zset.page',
      summary:
        'The next members and their scores, lowest or highest first (UP, DOWN), after one; without one the first.',
      usage: 'key direction count [score member]',
      arity: [3, 5],
      run: ({ keyspace }, [key, direction, count, score, member]) => {
        const isReverse = wordOf(direction) === 'DOWN'
        if ((!isReverse && wordOf(direction) !== 'UP') || (score && !member)) throw syntaxError()
        const last = score && member && { score: scoreArgumentOf(score), member }
        const limit = Math.min(integerOf(count), pageMax)
        const entry = keyspace.findOf(key as Buffer, zset)
        if (!entry) return []
        const after = last
          ? isReverse
            ? { ...everything, to: last }
            : { ...everything, from: placeAfter(last) }
          : everything
        return flat(rowsIn(keyspace, entry, after, { offset: 0, limit, isReverse }))
      },
    },
    {
      ...frees,
      name: 'saola.zset.trim',
      summary: 'Removes the members between two scores, the lowest ones first and so many at most; returns how many.',
      usage: 'key min max count',
      arity: 4,
      run: (context, [key, min, max, count]) => {
        const { keyspace } = context
        const limit = Math.min(integerOf(count), pageMax)
        const found = findRange(context, key as Buffer, 'score', min, max)
        if (!found) return 0
        const rows = rowsIn(keyspace, found.entry, found.range, { offset: 0, limit, isReverse: false })
        removeRows({ keyspace, entry: found.entry, blockSizeMax }, rows)
        return rows.length
      },
    },
    ...sortedSetRanges(blockSizeMax),
    ...sortedSetPops(blockSizeMax),
    ...sortedSetAlgebra(blockSizeMax),
    ...randomScored,
  ]
}

const addAnything: AddOptions = {
  isNew: false,
  isOld: false,
  isGreater: false,
  isLess: false,
  countsChanged: false,
  isIncrement: false,
  pairs: [],
}

function add({ keyspace }: CommandContext, key: Buffer, options: AddOptions, blockSizeMax: number): Reply {
  let entry = keyspace.findOf(key, zset)
  let score: number | undefined
  let added = 0
  let changed = 0
  for (const [wanted, member] of options.pairs) {
    const old = entry && scoreOf(keyspace, entry, member)
    score = scoreAfter(options, old, wanted)
    if (score === undefined) continue
    if (old === undefined) added++
    else if (score !== old) changed++
    else continue
    entry ??= keyspace.create(key, zset)
    const set: Ranked = { keyspace, entry, blockSizeMax }
    writeMember(set, member, score, old)
  }
  if (entry && added + changed > 0) keyspace.touch(entry.name)
  if (options.isIncrement) return score === undefined ? null : new Double(score)
  return options.countsChanged ? added + changed : added
}

/** The score that a member gets; undefined when it is not to be changed. */
function scoreAfter(options: AddOptions, old: number | undefined, wanted: number): number | undefined {
  if (old === undefined ? options.isOld : options.isNew) return undefined
  const score = options.isIncrement ? (old ?? 0) + wanted : wanted
  // Only ZINCRBY and INCR come here, and they have one pair: nothing is changed yet.
  if (Number.isNaN(score)) throw new CommandError('ERR', 'resulting score is not a number (NaN)')
  if (old !== undefined && ((options.isGreater && score <= old) || (options.isLess && score >= old))) return undefined
  return score
}

function scores({ keyspace }: CommandContext, key: Buffer, members: readonly Buffer[]): (Double | null)[] {
  const entry = keyspace.findOf(key, zset)
  return members.map(member => {
    const score = entry && scoreOf(keyspace, entry, member)
    return score === undefined ? null : new Double(score)
  })
}

/** Members with a score each, in the order of their scores; the sorted set of saola/store. */
import { type Entry, keyTypes } from '../database/keyspace.ts'
import { Double, type Reply } from '../resp/reply.ts'
import { integerOf, wordOf } from './arguments.ts'
import { type Command, type CommandContext, oneKey } from './command.ts'
import { CommandError, syntaxError } from './command-error.ts'
import { countIn, removeMember, removeRange, removeRows, rowsIn, type Slice, scoreOf, writeMember } from './members.ts'
import { everything, lexBoundsOf, lexRangeOf, placeAfter, type Range, scoreRangeOf } from './ranges.ts'
import { blockSizeMax as blockSizeMaxDefault, countBefore, type MemberRow, type Ranked } from './ranks.ts'
import {
  type AddOptions,
  addOptionsOf,
  type RangeKind,
  type RangeOptions,
  rangeOptionsOf,
  scoreArgumentOf,
} from './sorted-set-options.ts'
import { bufferOf } from './strings.ts'

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
      name: 'zrange',
      summary:
        'The members between two indexes, scores (BYSCORE) or texts (BYLEX); in reverse with the upper end first.',
      usage: 'key start stop [BYSCORE | BYLEX] [REV] [LIMIT offset count] [WITHSCORES]',
      arity: -3,
      run: (context, [key, start, stop, ...options]) =>
        range(context, key as Buffer, [start, stop] as Buffer[], rangeOptionsOf(options)),
    },
    ...[
      { name: 'zrevrange', kind: 'index', isReverse: true },
      { name: 'zrangebyscore', kind: 'score', isReverse: false },
      { name: 'zrevrangebyscore', kind: 'score', isReverse: true },
      { name: 'zrangebylex', kind: 'lex', isReverse: false },
      { name: 'zrevrangebylex', kind: 'lex', isReverse: true },
    ].map(
      ({ name, kind, isReverse }): Command => ({
        ...readonly,
        name,
        summary: `As zrange${kind === 'index' ? '' : kind === 'score' ? ' BYSCORE' : ' BYLEX'}${isReverse ? ' REV' : ''}.`,
        usage: `key ${isReverse && kind !== 'index' ? 'max min' : kind === 'index' ? 'start stop' : 'min max'} [WITHSCORES] [LIMIT offset count]`,
        arity: -3,
        run: (context, [key, start, stop, ...options]) => {
          const fixed = { kind: kind as RangeKind, isReverse }
          return range(context, key as Buffer, [start, stop] as Buffer[], rangeOptionsOf(options, fixed))
        },
      }),
    ),
    ...(['score', 'lex'] as const).map(
      (kind): Command => ({
        ...readonly,
        name: kind === 'score' ? 'zcount' : 'zlexcount',
        summary: `How many members there are between two ${kind === 'score' ? 'scores' : 'texts'}.`,
        usage: 'key min max',
        arity: 3,
        run: (context, [key, min, max]) => {
          const found = findRange(context, key as Buffer, kind, min, max)
          return found ? countIn(context.keyspace, found.entry, found.range) : 0
        },
      }),
    ),
    ...(['score', 'lex'] as const).map(
      (kind): Command => ({
        ...frees,
        name: `zremrangeby${kind}`,
        summary: `Removes the members between two ${kind === 'score' ? 'scores' : 'texts'}; returns how many there were.`,
        usage: 'key min max',
        arity: 3,
        run: (context, [key, min, max]) => {
          const found = findRange(context, key as Buffer, kind, min, max)
          return found ? removeRange({ keyspace: context.keyspace, entry: found.entry, blockSizeMax }, found.range) : 0
        },
      }),
    ),
    {
      ...frees,
      name: 'zremrangebyrank',
      summary: 'Removes the members between two indexes; returns how many there were.',
      usage: 'key start stop',
      arity: 3,
      run: ({ keyspace }, [key, start, stop]) => {
        const entry = keyspace.findOf(key as Buffer, zset)
        const slice = sliceOf(entry?.size ?? 0, start, stop)
        if (!entry || slice.limit <= 0) return 0
        const ends = [slice.offset, slice.offset + slice.limit - 1].flatMap(offset =>
          rowsIn(keyspace, entry, everything, { offset, limit: 1, isReverse: false }),
        )
        removeRows({ keyspace, entry, blockSizeMax }, slice.limit === 1 ? ends.slice(1) : ends)
        return slice.limit
      },
    },
    ...[
      { name: 'zpopmin', isReverse: false },
      { name: 'zpopmax', isReverse: true },
    ].map(
      ({ name, isReverse }): Command => ({
        ...frees,
        name,
        summary: `Removes the members with the ${isReverse ? 'highest' : 'lowest'} scores, one or so many, and returns them.`,
        usage: 'key [count]',
        arity: [1, 2],
        run: (context, [key, count]) => {
          const { keyspace } = context
          const limit = count === undefined ? 1 : integerOf(count)
          if (limit < 0) throw new CommandError('ERR', 'value is out of range, must be positive')
          const entry = keyspace.findOf(key as Buffer, zset)
          if (!entry || limit === 0) return []
          const rows = rowsIn(keyspace, entry, everything, { offset: 0, limit, isReverse })
          removeRows({ keyspace, entry, blockSizeMax }, rows)
          return count === undefined ? flat(rows) : scored(context, rows)
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
  if (Number.isNaN(score)) throw new CommandError('STORE_NOT_A_NUMBER', 'resulting score is not a number (NaN)')
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

function range(context: CommandContext, key: Buffer, [start, stop]: readonly Buffer[], options: RangeOptions): Reply {
  const { keyspace } = context
  const { kind, isReverse, withScores } = options
  let rows: MemberRow[] = []
  if (kind === 'index') {
    const entry = keyspace.findOf(key, zset)
    const slice = sliceOf(entry?.size ?? 0, start, stop)
    if (entry) rows = rowsIn(keyspace, entry, everything, { ...slice, isReverse })
  } else {
    const [min, max] = isReverse ? [stop, start] : [start, stop]
    const found = findRange(context, key, kind, min, max)
    if (found) rows = rowsIn(keyspace, found.entry, found.range, options)
  }
  return withScores ? scored(context, rows) : rows.map(([member]) => bufferOf(member))
}

/** Indexes below 0 count from the end. */
function sliceOf(size: number, start: Buffer | undefined, stop: Buffer | undefined): Slice {
  const [first = 0, last = 0] = [integerOf(start), integerOf(stop)].map(index => (index < 0 ? index + size : index))
  const offset = Math.max(0, first)
  return { offset, limit: Math.min(last, size - 1) - offset + 1, isReverse: false }
}

/** What the ends mean, also when there is no such key: an error must not depend on it. */
function findRange(
  { keyspace }: CommandContext,
  key: Buffer,
  kind: 'score' | 'lex',
  min: Buffer | undefined,
  max: Buffer | undefined,
): { entry: Entry; range: Range } | undefined {
  const scoreRange = kind === 'score' ? scoreRangeOf(min, max) : undefined
  const bounds = kind === 'lex' ? lexBoundsOf(min, max) : undefined
  const entry = keyspace.findOf(key, zset)
  if (!entry) return undefined
  if (!bounds) return scoreRange && { entry, range: scoreRange }
  // All members have one score, or the answer means nothing, as in Redis: that of the first.
  const [first] = rowsIn(keyspace, entry, everything, { offset: 0, limit: 1, isReverse: false })
  const found = first && lexRangeOf(first[1], bounds)
  return found && { entry, range: found }
}

function flat(rows: readonly MemberRow[]): Reply[] {
  return rows.flatMap(([member, score]) => [bufferOf(member), new Double(score)])
}

/** Pairs for those who speak RESP3, else one list. */
function scored({ owner }: CommandContext, rows: readonly MemberRow[]): Reply[] {
  if (owner?.client.protocol === 2) return flat(rows)
  return rows.map(([member, score]) => [bufferOf(member), new Double(score)])
}

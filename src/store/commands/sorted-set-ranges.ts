/** Members of sorted sets between two indexes, scores or texts: read, counted, removed, stored. */
import { type Entry, keyTypes } from '../database/keyspace.ts'
import type { Reply } from '../resp/reply.ts'
import { roughIntegerOf } from './arguments.ts'
import { type Command, type CommandContext, oneKey } from './command.ts'
import { copyRange, countIn, removeRange, removeRows, rowsIn, type Slice } from './members.ts'
import { everything, lexBoundsOf, lexRangeOf, type Range, scoreRangeOf } from './ranges.ts'
import { scored } from './scored.ts'
import { type RangeKind, type RangeOptions, rangeOptionsOf } from './sorted-set-options.ts'
import { bufferOf } from './string-values.ts'

const { zset } = keyTypes

export function sortedSetRanges(blockSizeMax: number): readonly Command[] {
  const readonly = { flags: ['readonly'], keys: oneKey } as const
  const frees = { flags: ['write', 'frees'], keys: oneKey } as const
  return [
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
    {
      name: 'zrangestore',
      summary: 'Puts what zrange would return in the place of a key; returns how many they are.',
      usage: 'destination source start stop [BYSCORE | BYLEX] [REV] [LIMIT offset count]',
      arity: -4,
      flags: ['write'],
      keys: { first: 0, last: 1, step: 1 },
      run: (context, [destination, source, start, stop, ...words]) => {
        const options = rangeOptionsOf(words, { hasScores: false })
        const found = findSlice(context, source as Buffer, [start, stop] as Buffer[], options)
        return storeSlice(context, destination as Buffer, found, blockSizeMax)
      },
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
          return range(context, key as Buffer, [start, stop] as Buffer[], rangeOptionsOf(options, { fixed }))
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
        const sliceIn = sliceOf(start, stop)
        const entry = keyspace.findOf(key as Buffer, zset)
        const slice = sliceIn(entry?.size ?? 0)
        if (!entry || slice.limit <= 0) return 0
        const ends = [slice.offset, slice.offset + slice.limit - 1].flatMap(offset =>
          rowsIn(keyspace, entry, everything, { offset, limit: 1, isReverse: false }),
        )
        removeRows({ keyspace, entry, blockSizeMax }, slice.limit === 1 ? ends.slice(1) : ends)
        return slice.limit
      },
    },
  ]
}

function range(context: CommandContext, key: Buffer, ends: readonly Buffer[], options: RangeOptions): Reply {
  const found = findSlice(context, key, ends, options)
  const rows = found ? rowsIn(context.keyspace, found.entry, found.range, found.slice) : []
  return options.withScores ? scored(context, rows) : rows.map(([member]) => bufferOf(member))
}

interface FoundSlice {
  readonly entry: Entry
  readonly range: Range
  readonly slice: Slice
}

function findSlice(
  context: CommandContext,
  key: Buffer,
  [start, stop]: readonly Buffer[],
  options: RangeOptions,
): FoundSlice | undefined {
  const { kind, isReverse } = options
  if (kind === 'index') {
    const sliceIn = sliceOf(start, stop)
    const entry = context.keyspace.findOf(key, zset)
    return entry && { entry, range: everything, slice: { ...sliceIn(entry.size), isReverse } }
  }
  const [min, max] = isReverse ? [stop, start] : [start, stop]
  const found = findRange(context, key, kind, min, max)
  return found && { ...found, slice: options }
}

function storeSlice(
  { keyspace }: CommandContext,
  destination: Buffer,
  found: FoundSlice | undefined,
  blockSizeMax: number,
): number {
  const old = keyspace.find(destination)
  const isEmpty =
    !found ||
    rowsIn(keyspace, found.entry, found.range, { ...found.slice, limit: Math.min(1, found.slice.limit) }).length === 0
  if (isEmpty) {
    if (old) keyspace.remove(old)
    return 0
  }
  // Its rows stay until its garbage is cleared away, so it may be the source, too.
  const target = { keyspace, entry: keyspace.create(destination, zset), blockSizeMax }
  return copyRange(target, found.entry, found.range, found.slice)
}

/** Indexes below 0 count from the end. */
function sliceOf(start: Buffer | undefined, stop: Buffer | undefined): (size: number) => Slice {
  const ends = [roughIntegerOf(start), roughIntegerOf(stop)]
  return size => {
    const [first = 0, last = 0] = ends.map(index => (index < 0 ? index + size : index))
    const offset = Math.max(0, first)
    return { offset, limit: Math.min(last, size - 1) - offset + 1, isReverse: false }
  }
}

/** What the ends mean, also when there is no such key: an error must not depend on it. */
export function findRange(
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

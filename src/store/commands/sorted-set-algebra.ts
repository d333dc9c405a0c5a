/**
 * Union, intersection and difference of sorted sets and sets. What is returned is put together in memory; what is stored is not,
 * and takes about 3 s for a million members of all together, in which nobody else is served.
 */
import { type Entry, type Keyspace, keyTypes } from '../database/keyspace.ts'
import type { Reply } from '../resp/reply.ts'
import { floatOf, roughIntegerOf, wordOf } from './arguments.ts'
import type { Command, CommandContext } from './command.ts'
import { CommandError, syntaxError, wrongType } from './command-error.ts'
import { scored } from './scored.ts'
import {
  type Aggregate,
  type Combining,
  combineScored,
  countCommon,
  type ScoredCombination,
} from './scored-combinations.ts'
import { storeScored } from './scored-stores.ts'
import { bufferOf } from './string-values.ts'
import { countOf } from './waiting.ts'

const combinations = {
  zunion: 'The members of any of the sorted sets; their scores are the sums of theirs in all of them',
  zinter: 'The members of all of the sorted sets; their scores are the sums of theirs in all of them',
  zdiff: 'The members of the first sorted set that are in none of the others',
} as const satisfies Readonly<Record<ScoredCombination, string>>

const weights = '[WEIGHTS weight [weight …]] [AGGREGATE SUM | MIN | MAX]'

export function sortedSetAlgebra(blockSizeMax: number): readonly Command[] {
  const names = Object.keys(combinations) as ScoredCombination[]
  return [
    ...names.map(
      (name): Command => ({
        name,
        summary: `${combinations[name]}, all at once.`,
        usage: `numkeys key [key …] ${name === 'zdiff' ? '' : `${weights} `}[WITHSCORES]`,
        arity: -2,
        flags: ['readonly'],
        keys: { countAt: 0 },
        run: (context, args) => {
          const { keyspace } = context
          const combining = combiningOf(keyspace, name, args, { hasWeights: name !== 'zdiff', hasScores: true })
          const rows = combineScored(keyspace, name, combining)
          return combining.withScores ? scored(context, rows) : rows.map(([member]): Reply => bufferOf(member))
        },
      }),
    ),
    ...names.map(
      (name): Command => ({
        name: `${name}store`,
        summary: `Puts in the place of a key: ${combinations[name].charAt(0).toLowerCase()}${combinations[name].slice(1)}. Returns how many they are.`,
        usage: `destination numkeys key [key …]${name === 'zdiff' ? '' : ` ${weights}`}`,
        arity: -3,
        flags: ['write'],
        keys: { countAt: 1, target: 0 },
        run: ({ keyspace }, [destination, ...args]) => {
          const combining = combiningOf(keyspace, `${name}store`, args, { hasWeights: name !== 'zdiff' })
          return storeScored(keyspace, destination as Buffer, name, { ...combining, blockSizeMax })
        },
      }),
    ),
    {
      name: 'zintercard',
      summary: 'How many members are in all of the sorted sets; with LIMIT it counts so far and no further.',
      usage: 'numkeys key [key …] [LIMIT limit]',
      arity: -2,
      flags: ['readonly'],
      keys: { countAt: 0 },
      run: ({ keyspace }: CommandContext, args) =>
        countCommon(keyspace, combiningOf(keyspace, 'zintercard', args, { hasLimit: true })),
    },
  ]
}

interface Allowed {
  readonly hasWeights?: boolean
  readonly hasScores?: boolean
  readonly hasLimit?: boolean
}

/** Reads `numkeys key [key …]` and what is behind it. */
function combiningOf(keyspace: Keyspace, name: string, args: readonly Buffer[], allowed: Allowed): Combining {
  const count = roughIntegerOf(args[0])
  if (count < 1) throw new CommandError('ERR', `at least 1 input key is needed for '${name}' command`)
  if (count > args.length - 1) throw syntaxError()
  const entries = args.slice(1, 1 + count).map(key => sourceOf(keyspace, key))
  let weights: readonly number[] = []
  let aggregate: Aggregate = 'SUM'
  let withScores = false
  let limit = 0
  const words = args.slice(1 + count)
  for (let i = 0; i < words.length; i++) {
    const word = wordOf(words[i])
    if (word === 'WEIGHTS' && allowed.hasWeights && i + count < words.length) {
      weights = words.slice(i + 1, i + 1 + count).map(weightOf)
      i += count
    } else if (word === 'AGGREGATE' && allowed.hasWeights && i + 1 < words.length) aggregate = aggregateOf(words[++i])
    else if (word === 'WITHSCORES' && allowed.hasScores) withScores = true
    else if (word === 'LIMIT' && allowed.hasLimit && i + 1 < words.length) {
      limit = countOf(words[++i], 0, "LIMIT can't be negative")
    } else throw syntaxError()
  }
  const sources = entries.map((entry, i) => ({ entry, weight: weights[i] ?? 1 }))
  return { sources, aggregate, withScores, limit: limit || Number.POSITIVE_INFINITY }
}

function sourceOf(keyspace: Keyspace, key: Buffer): Entry | undefined {
  const entry = keyspace.find(key)
  if (entry && entry.type !== keyTypes.zset && entry.type !== keyTypes.set) throw wrongType()
  return entry
}

function weightOf(argument: Buffer): number {
  try {
    return floatOf(argument)
  } catch {
    throw new CommandError('ERR', 'weight value is not a float')
  }
}

function aggregateOf(argument: Buffer | undefined): Aggregate {
  const word = wordOf(argument)
  if (word !== 'SUM' && word !== 'MIN' && word !== 'MAX') throw syntaxError()
  return word
}

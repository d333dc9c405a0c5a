/** Reads the options of ZADD and of ZRANGE. */
import { floatOf, roughIntegerOf, wordOf } from './arguments.ts'
import { CommandError, syntaxError } from './command-error.ts'

export interface AddOptions {
  /** Only those that are new. */
  readonly isNew: boolean
  /** Only those that are there. */
  readonly isOld: boolean
  /** One that is there gets a score only if it is greater, or less, than its own. */
  readonly isGreater: boolean
  readonly isLess: boolean
  /** Counts those that have changed, too. */
  readonly countsChanged: boolean
  /** Adds to the score, and answers with it. */
  readonly isIncrement: boolean
  readonly pairs: readonly (readonly [score: number, member: Buffer])[]
}

export function addOptionsOf(args: readonly Buffer[]): AddOptions {
  const words = new Set<string>()
  let first = 0
  for (; /^(?:NX|XX|GT|LT|CH|INCR)$/.test(wordOf(args[first])); first++) words.add(wordOf(args[first]))
  const has = (word: string) => words.has(word)
  const rest = args.slice(first)
  if (rest.length === 0 || rest.length % 2 !== 0) throw syntaxError()
  if (has('NX') && has('XX')) throw incompatible('XX and NX options at the same time are not compatible')
  if ((has('GT') && has('LT')) || (has('NX') && (has('GT') || has('LT')))) {
    throw incompatible('GT, LT, and/or NX options at the same time are not compatible')
  }
  if (has('INCR') && rest.length > 2) throw incompatible('INCR option supports a single increment-element pair')
  return {
    isNew: has('NX'),
    isOld: has('XX'),
    isGreater: has('GT'),
    isLess: has('LT'),
    countsChanged: has('CH'),
    isIncrement: has('INCR'),
    pairs: pairsOf(rest),
  }
}

function pairsOf(args: readonly Buffer[]): [number, Buffer][] {
  const pairs: [number, Buffer][] = []
  for (let i = 0; i < args.length; i += 2) pairs.push([scoreArgumentOf(args[i]), args[i + 1] as Buffer])
  return pairs
}

/** 0 and -0 are one score. */
export function scoreArgumentOf(argument: Buffer | undefined): number {
  return floatOf(argument) + 0
}

function incompatible(message: string): CommandError {
  return new CommandError('ERR', message)
}

export type RangeKind = 'index' | 'score' | 'lex'

export interface RangeOptions {
  readonly kind: RangeKind
  readonly isReverse: boolean
  readonly withScores: boolean
  readonly offset: number
  /** `Number.MAX_SAFE_INTEGER` for all. */
  readonly limit: number
}

/**
 * What stands behind the ends of a range; a command of a fixed kind and direction has no words for these, and one that stores
 * has none for scores.
 */
export function rangeOptionsOf(
  args: readonly Buffer[],
  { fixed, hasScores = true }: { fixed?: Pick<RangeOptions, 'kind' | 'isReverse'>; hasScores?: boolean } = {},
): RangeOptions {
  const options = { kind: 'index' as RangeKind, isReverse: false, withScores: false, ...fixed }
  let limits: { offset: number; limit: number } | undefined
  let hasLimit = false
  for (let i = 0; i < args.length; i++) {
    const word = wordOf(args[i])
    if (word === 'WITHSCORES' && hasScores) options.withScores = true
    else if (word === 'LIMIT' && i + 2 < args.length) {
      limits = limitsOf(args[++i], args[++i])
      hasLimit = roughIntegerOf(args[i]) !== -1
    } else if (word === 'BYSCORE' && !fixed && options.kind === 'index') options.kind = 'score'
    else if (word === 'BYLEX' && !fixed && options.kind === 'index') options.kind = 'lex'
    else if (word === 'REV' && !fixed && !options.isReverse) options.isReverse = true
    else throw syntaxError()
  }
  // -1 is as if there were none.
  if (hasLimit && options.kind === 'index') {
    const message = 'syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX'
    throw new CommandError('ERR', message)
  }
  if (options.withScores && options.kind === 'lex') {
    throw new CommandError('ERR', 'syntax error, WITHSCORES not supported in combination with BYLEX')
  }
  return { ...options, ...(limits ?? { offset: 0, limit: Number.MAX_SAFE_INTEGER }) }
}

/** As in Redis: a limit below 0 is none, and with an offset below 0 there is nothing. */
function limitsOf(offset: Buffer | undefined, limit: Buffer | undefined): { offset: number; limit: number } {
  const from = roughIntegerOf(offset)
  const count = roughIntegerOf(limit)
  const all = Number.MAX_SAFE_INTEGER
  return { offset: Math.min(Math.max(0, from), all), limit: from < 0 ? 0 : count < 0 ? all : Math.min(count, all) }
}

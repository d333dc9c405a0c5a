/** Reads the ranges of sorted sets: from which place up to which, the second one not included. */
import { floatOf } from './arguments.ts'
import { CommandError } from './command-error.ts'
import { lowest, type Place } from './ranks.ts'

/** Without `to` up to the end. */
export interface Range {
  readonly from: Place
  readonly to: Place | undefined
}

export const everything: Range = { from: lowest, to: undefined }

const parenthesis = 0x28
const bracket = 0x5b
const nothing = Buffer.alloc(0)
const zero = Buffer.alloc(1)

/** From a score up to another, both included unless `(` is before them; undefined when nothing can be between. */
export function scoreRangeOf(min: Buffer | undefined, max: Buffer | undefined): Range | undefined {
  const low = scoreBoundOf(min)
  const high = scoreBoundOf(max)
  const from = low.isExcluded ? scoreAfter(low.score) : low.score
  const to = high.isExcluded ? high.score : scoreAfter(high.score)
  if (from === undefined) return undefined
  return { from: { score: from, member: nothing }, to: to === undefined ? undefined : { score: to, member: nothing } }
}

function scoreBoundOf(argument: Buffer | undefined): { score: number; isExcluded: boolean } {
  const isExcluded = argument?.[0] === parenthesis
  // As C reads it: up to a byte of 0, without the blanks before it, and too large is infinite.
  const text = (argument?.toString('latin1', isExcluded ? 1 : 0) ?? '').split('\0', 1)[0] as string
  if (text === '') return { score: 0, isExcluded }
  const number = text.replace(/^[ \t-\r]+/, '')
  const isDecimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(number)
  try {
    return { score: isDecimal ? Number(number) : floatOf(Buffer.from(number, 'latin1')), isExcluded }
  } catch {
    throw new CommandError('ERR', 'min or max is not a float')
  }
}

/** The next number that there is; undefined after Infinity. */
function scoreAfter(score: number): number | undefined {
  if (score === Infinity) return undefined
  if (score === 0) return Number.MIN_VALUE
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, score)
  // The bits of numbers of one sign are in the order of their size.
  view.setBigInt64(0, view.getBigInt64(0) + (score > 0 ? 1n : -1n))
  return view.getFloat64(0)
}

/** The bounds of members, all of them at one score: `-`, `+`, `[text` or `(text`. */
export interface LexBounds {
  /** The first member that is in; undefined from the first on. */
  readonly from: Buffer | undefined
  /** The first member that is not; undefined up to the last; null when nothing is in. */
  readonly to: Buffer | undefined | null
}

export function lexBoundsOf(min: Buffer | undefined, max: Buffer | undefined): LexBounds {
  const low = lexBoundOf(min)
  const high = lexBoundOf(max)
  if (low === '+' || high === '-') return { from: undefined, to: null }
  return {
    from: low === '-' ? undefined : low.isExcluded ? memberAfter(low.member) : low.member,
    to: high === '+' ? undefined : high.isExcluded ? high.member : memberAfter(high.member),
  }
}

function lexBoundOf(argument: Buffer | undefined): '-' | '+' | { member: Buffer; isExcluded: boolean } {
  const [sign] = argument ?? []
  if (argument && (sign === parenthesis || sign === bracket)) {
    return { member: argument.subarray(1), isExcluded: sign === parenthesis }
  }
  const text = argument?.toString('latin1')
  if (text === '-' || text === '+') return text
  throw new CommandError('ERR', 'min or max not valid string range item')
}

/** The first text behind this one. */
function memberAfter(member: Uint8Array): Buffer {
  return Buffer.concat([member, zero])
}

/** What is behind this place. */
export function placeAfter({ score, member }: Place): Place {
  return { score, member: memberAfter(member) }
}

/** The members between the bounds, at this score. */
export function lexRangeOf(score: number, { from, to }: LexBounds): Range | undefined {
  if (to === null) return undefined
  return { from: from ? { score, member: from } : lowest, to: to ? { score, member: to } : undefined }
}

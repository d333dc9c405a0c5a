/** Checks and reads what goes to a sorted set, and comes from it. */
import { argumentInvalid, optionsOf } from '../given.ts'
import { Double, type Reply } from '../resp/reply.ts'
import { checkKey } from './structure.ts'

export type ScoredMember = [member: string, score: number]

export function checkMember(member: string): string {
  return checkKey(member, 'A member')
}

export function checkScore(score: number, what = 'A score'): number {
  if (typeof score === 'number' && !Number.isNaN(score)) return score
  throw argumentInvalid(what, 'a number', score)
}

/** A whole number from 0 on. */
export function checkWhole(what: string, value: number, max = 2 ** 52): number {
  if (Number.isInteger(value) && value >= 0 && value <= max) return value
  throw argumentInvalid(what, `a whole number from 0 to ${max}`, value)
}

/** The ends of a range of scores, as commands read them. */
export function scoreBounds(bounds: {
  readonly min?: number
  readonly max?: number
  readonly exclusive?: 'min' | 'max' | 'both'
}): [min: string, max: string] {
  const { min = -Infinity, max = Infinity, exclusive } = optionsOf(bounds, 'The bounds')
  checkScore(min, 'min')
  checkScore(max, 'max')
  const isOut = isOutOf(exclusive)
  return [`${isOut('min') ? '(' : ''}${min}`, `${isOut('max') ? '(' : ''}${max}`]
}

/** Which ends of a range are not in. */
export function isOutOf(exclusive: 'min' | 'max' | 'both' | undefined): (end: 'min' | 'max') => boolean {
  if (exclusive !== undefined && !['min', 'max', 'both'].includes(exclusive)) {
    throw argumentInvalid('exclusive', '"min", "max" or "both"', exclusive)
  }
  return end => exclusive === end || exclusive === 'both'
}

export function scoreOrUndefined(reply: Reply | undefined): number | undefined {
  if (reply === null || reply === undefined) return undefined
  if (reply instanceof Double) return reply.value
  const text = String(reply)
  return /inf/.test(text) ? (text.startsWith('-') ? -Infinity : Infinity) : Number(text)
}

/** Pairs, or one list of members and scores, as RESP2 has it. */
export function scoredOf(reply: Reply): ScoredMember[] {
  const items = reply as readonly Reply[]
  const list = Array.isArray(items[0]) ? (items as readonly (readonly Reply[])[]).flat() : items
  const found: ScoredMember[] = []
  for (let i = 0; i + 1 < list.length; i += 2) found.push([String(list[i]), scoreOrUndefined(list[i + 1]) as number])
  return found
}

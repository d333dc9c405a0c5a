/** Combinations of sorted sets that are returned. */
import { type Entry, type Keyspace, keyTypes } from '../database/keyspace.ts'
import { scoreOf } from './members.ts'
import type { MemberRow } from './ranks.ts'
import { hasMember } from './set-members.ts'
import { bufferOf } from './string-values.ts'

export type ScoredCombination = 'zunion' | 'zinter' | 'zdiff'
export type Aggregate = 'SUM' | 'MIN' | 'MAX'

/** A sorted set, or a set, all of whose members have 1 as their score. */
export interface Source {
  readonly entry: Entry | undefined
  /** Scores are multiplied by it. */
  readonly weight: number
}

export interface Combining {
  readonly sources: readonly Source[]
  readonly aggregate: Aggregate
  readonly withScores: boolean
  /** Of a count: how far it goes. */
  readonly limit: number
}

const pageSize = 1000
const nothing = Buffer.alloc(0)

/** In the order of their scores. */
export function combineScored(keyspace: Keyspace, name: ScoredCombination, combining: Combining): MemberRow[] {
  const rows =
    name === 'zunion'
      ? unionOf(keyspace, combining)
      : name === 'zinter'
        ? [...commonTo(keyspace, combining)]
        : differenceOf(keyspace, combining.sources)
  return rows.sort(
    ([one, score], [other, otherScore]) => score - otherScore || compareAtOnce(one, score, other, otherScore),
  )
}

/** How many are in all of them, up to the limit. */
export function countCommon(keyspace: Keyspace, combining: Combining): number {
  let count = 0
  for (const _ of commonTo(keyspace, combining)) if (++count >= combining.limit) break
  return count
}

/** Two infinities have no difference. */
function compareAtOnce(one: Uint8Array, score: number, other: Uint8Array, otherScore: number): number {
  return score === otherScore ? Buffer.compare(one, other) : score < otherScore ? -1 : 1
}

export function bySize({ sources }: Combining): Source[] {
  return sources.toSorted((one, other) => (one.entry?.size ?? 0) - (other.entry?.size ?? 0))
}

function unionOf(keyspace: Keyspace, combining: Combining): MemberRow[] {
  const scores = new Map<string, number>()
  for (const { entry, weight } of bySize(combining)) {
    if (!entry) continue
    for (const [member, score] of rowsOf(keyspace, entry)) {
      const name = bufferOf(member).toString('latin1')
      const old = scores.get(name)
      const own = weighted(score, weight)
      scores.set(name, old === undefined ? own : aggregated(combining.aggregate, old, own))
    }
  }
  return Array.from(scores, ([name, score]) => [Buffer.from(name, 'latin1'), score])
}

/** Members of the smallest that are in all others. */
function* commonTo(keyspace: Keyspace, combining: Combining): Iterable<MemberRow> {
  const [first, ...others] = bySize(combining)
  if (!first?.entry) return
  for (const [member, score] of rowsOf(keyspace, first.entry)) {
    let sum: number | undefined = weighted(score, first.weight)
    for (const { entry, weight } of others) {
      const other = entry && scoreIn(keyspace, entry, bufferOf(member))
      if (other === undefined) {
        sum = undefined
        break
      }
      sum = aggregated(combining.aggregate, sum, weighted(other, weight))
    }
    if (sum !== undefined) yield [member, sum]
  }
}

function differenceOf(keyspace: Keyspace, [first, ...others]: readonly Source[]): MemberRow[] {
  if (!first?.entry) return []
  const isIn = (member: Uint8Array) =>
    others.some(({ entry }) => entry && scoreIn(keyspace, entry, bufferOf(member)) !== undefined)
  return [...rowsOf(keyspace, first.entry)].filter(([member]) => !isIn(member))
}

/** All members in the order of their bytes, read page by page. */
function* rowsOf(keyspace: Keyspace, { id, type }: Entry): Iterable<MemberRow> {
  const sql =
    type === keyTypes.zset
      ? (sign: string) => `SELECT member, score FROM members WHERE id = ? AND member ${sign} ? ORDER BY member LIMIT ?`
      : (sign: string) => `SELECT field, 1 FROM fields WHERE id = ? AND field ${sign} ? ORDER BY field LIMIT ?`
  let after: Uint8Array | undefined
  for (;;) {
    const rows = keyspace.sql(sql(after ? '>' : '>=')).all(id, after ?? nothing, pageSize) as unknown as MemberRow[]
    yield* rows
    if (rows.length < pageSize) return
    after = rows.at(-1)?.[0]
  }
}

function scoreIn(keyspace: Keyspace, entry: Entry, member: Buffer): number | undefined {
  if (entry.type === keyTypes.zset) return scoreOf(keyspace, entry, member)
  return hasMember(keyspace, entry, member) ? 1 : undefined
}

/** What is no number is 0, as in Redis. */
function weighted(score: number, weight: number): number {
  const product = score * weight
  return Number.isNaN(product) ? 0 : product
}

function aggregated(aggregate: Aggregate, one: number, other: number): number {
  if (aggregate === 'MIN') return Math.min(one, other)
  if (aggregate === 'MAX') return Math.max(one, other)
  const sum = one + other
  return Number.isNaN(sum) ? 0 : sum
}

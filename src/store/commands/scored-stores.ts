/** Combinations of sorted sets that are stored: made by statements, so that nothing of them is in the memory of the process. */
import { type Entry, type Keyspace, keyTypes } from '../database/keyspace.ts'
import { filled } from './members.ts'
import type { Ranked } from './ranks.ts'
import type { Aggregate, Combining, ScoredCombination, Source } from './scored-combinations.ts'
import { bySize } from './scored-combinations.ts'

interface Storing extends Combining {
  readonly blockSizeMax: number
}

/** The destination may be one of the sources: its rows stay until its garbage is cleared away. Returns how many are stored. */
export function storeScored(
  keyspace: Keyspace,
  destination: Buffer,
  name: ScoredCombination,
  storing: Storing,
): number {
  const { sources, blockSizeMax } = storing
  const isEmpty =
    name === 'zunion'
      ? sources.every(({ entry }) => !entry)
      : name === 'zinter'
        ? sources.some(({ entry }) => !entry)
        : !sources[0]?.entry
  if (isEmpty) {
    const old = keyspace.find(destination)
    if (old) keyspace.remove(old)
    return 0
  }
  const target = { keyspace, entry: keyspace.create(destination, keyTypes.zset), blockSizeMax }
  const store = name === 'zunion' ? storeUnion : name === 'zinter' ? storeCommon : storeDifference
  return filled(target, store(target, storing))
}

// Without a rest: what is no number is 0, as in Redis.
const sums: Record<Aggregate, (one: string, other: string) => string> = {
  SUM: (one, other) => `coalesce(${one} + ${other}, 0.0)`,
  MIN: (one, other) => `min(${one}, ${other})`,
  MAX: (one, other) => `max(${one}, ${other})`,
}
const weightedScore = 'coalesce(o.score * ?3, 0.0)'

/** The members and scores of a source with the id ?2, as `o`. */
function rowsOf({ type }: Entry): string {
  return type === keyTypes.zset
    ? '(SELECT member, score FROM members WHERE id = ?2) o'
    : '(SELECT field AS member, 1.0 AS score FROM fields WHERE id = ?2) o'
}

/** Whether a source with the id ?2 has the member of a row of `members`. */
function isIn({ type }: Entry): string {
  return type === keyTypes.zset
    ? 'EXISTS (SELECT 1 FROM members o WHERE o.id = ?2 AND o.member = members.member)'
    : 'EXISTS (SELECT 1 FROM fields o WHERE o.id = ?2 AND o.field = members.member)'
}

const otherWeightedScore = 'coalesce(p.score * ?5, 0.0)'

/** The row of a source with the id ?4 that has the member of `o`, as `p`. */
function joinOther({ type }: Entry): string {
  // The smaller one is gone through.
  return type === keyTypes.zset
    ? 'CROSS JOIN members p ON p.id = ?4 AND p.member = o.member'
    : 'CROSS JOIN (SELECT field AS member, 1.0 AS score FROM fields WHERE id = ?4) p ON p.member = o.member'
}

/** The same of a source with the id ?3. */
function otherRow({ type }: Entry): string {
  return type === keyTypes.zset
    ? 'members p WHERE p.id = ?3 AND p.member = o.member'
    : 'fields p WHERE p.id = ?3 AND p.field = o.member'
}

function copy({ keyspace, entry: target }: Ranked, entry: Entry, weight: number): number {
  const sql = `INSERT INTO members (id, member, score) SELECT ?1, o.member, ${weightedScore} FROM ${rowsOf(entry)}`
  return Number(keyspace.sql(sql).run(target.id, entry.id, weight).changes)
}

function storeUnion(target: Ranked, storing: Storing): number {
  const { keyspace, entry: kept } = target
  let isFirst = true
  for (const { entry, weight } of bySize(storing)) {
    if (!entry) continue
    if (isFirst) copy(target, entry, weight)
    else {
      const sum = sums[storing.aggregate]('score', 'excluded.score')
      keyspace
        .sql(
          `INSERT INTO members (id, member, score) SELECT ?1, o.member, ${weightedScore} FROM ${rowsOf(entry)} WHERE true
           ON CONFLICT (id, member) DO UPDATE SET score = ${sum}`,
        )
        .run(kept.id, entry.id, weight)
    }
    isFirst = false
  }
  return sizeOf(target)
}

function storeCommon(target: Ranked, storing: Storing): number {
  const [first, second, ...others] = bySize(storing) as (Source & { entry: Entry })[]
  if (!first) return 0
  if (!second) return copy(target, first.entry, first.weight)
  const { keyspace, entry: kept } = target
  const sum = sums[storing.aggregate]
  keyspace
    .sql(
      `INSERT INTO members (id, member, score)
       SELECT ?1, o.member, ${sum(weightedScore, otherWeightedScore)} FROM ${rowsOf(first.entry)} ${joinOther(second.entry)}`,
    )
    .run(kept.id, first.entry.id, first.weight, second.entry.id, second.weight)
  for (const { entry, weight } of others) {
    keyspace.sql(`DELETE FROM members WHERE id = ?1 AND NOT ${isIn(entry)}`).run(kept.id, entry.id)
    keyspace
      .sql(
        `UPDATE members SET score = ${sum('members.score', weightedScore)} FROM ${rowsOf(entry)}
         WHERE members.id = ?1 AND o.member = members.member`,
      )
      .run(kept.id, entry.id, weight)
  }
  return sizeOf(target)
}

function storeDifference(target: Ranked, { sources }: Storing): number {
  const { keyspace, entry: kept } = target
  const [first, ...others] = sources
  const [second, ...more] = others.flatMap(({ entry }) => entry ?? [])
  if (!first?.entry) return 0
  if (!second) return copy(target, first.entry, 1)
  keyspace
    .sql(
      `INSERT INTO members (id, member, score)
       SELECT ?1, o.member, o.score FROM ${rowsOf(first.entry)} WHERE NOT EXISTS (SELECT 1 FROM ${otherRow(second)})`,
    )
    .run(kept.id, first.entry.id, second.id)
  for (const entry of more) {
    keyspace.sql(`DELETE FROM members WHERE id = ?1 AND ${isIn(entry)}`).run(kept.id, entry.id)
  }
  return sizeOf(target)
}

function sizeOf({ keyspace, entry }: Ranked): number {
  const row = keyspace.sql('SELECT count(*) FROM members WHERE id = ?').get(entry.id)
  return (row as unknown as [number])[0]
}

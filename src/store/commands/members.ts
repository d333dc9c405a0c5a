/** The members of sorted sets: one row each in two orders, by member and by score; and their ranks (ranks.ts). */
import type { Entry, Keyspace } from '../database/keyspace.ts'
import { placeAfter, type Range } from './ranges.ts'
import {
  countBefore,
  lowest,
  type MemberRow,
  type Ranked,
  rankAdded,
  rankMoved,
  rankRemoved,
  ranksRemoved,
  rebuildRanks,
  rowsFrom,
} from './ranks.ts'

/** So many rows are skipped sooner than their ranks are looked up. */
const skippedMax = 500

export interface Slice {
  readonly offset: number
  readonly limit: number
  readonly isReverse: boolean
}

export function scoreOf(keyspace: Keyspace, { id }: Entry, member: Uint8Array): number | undefined {
  const row = keyspace.sql('SELECT score FROM members WHERE id = ? AND member = ?').get(id, member)
  return (row as unknown as [number] | undefined)?.[0]
}

/** Gives a member a score; `old` is the one that it has, undefined when it is new. */
export function writeMember(set: Ranked, member: Uint8Array, score: number, old: number | undefined): void {
  const { keyspace, entry } = set
  if (old === undefined) {
    keyspace.sql('INSERT INTO members (id, member, score) VALUES (?, ?, ?)').run(entry.id, member, score)
    keyspace.resize(entry, 1)
    rankAdded(set, { score, member })
  } else {
    keyspace.sql('UPDATE members SET score = ? WHERE id = ? AND member = ?').run(score, entry.id, member)
    rankMoved(set, { score: old, member }, { score, member })
  }
}

/** Whether there was such a member. */
export function removeMember(set: Ranked, member: Uint8Array): boolean {
  const { keyspace, entry } = set
  const row = keyspace.sql('DELETE FROM members WHERE id = ? AND member = ? RETURNING score').get(entry.id, member)
  if (!row) return false
  const [score] = row as unknown as [number]
  keyspace.resize(entry, -1)
  rankRemoved(set, { score, member })
  return true
}

/** Removes all members of a range; returns how many there were. */
export function removeRange(set: Ranked, range: Range): number {
  const { keyspace, entry } = set
  const count = countIn(keyspace, entry, range)
  if (count === 0) return 0
  if (count === entry.size) {
    keyspace.remove(entry)
    return count
  }
  const { from, to } = range
  const before = to ? 'AND (score, member) < (?, ?)' : ''
  keyspace
    .sql(`DELETE FROM members WHERE id = ? AND (score, member) >= (?, ?) ${before}`)
    .run(entry.id, from.score, from.member, ...(to ? [to.score, to.member] : []))
  keyspace.touch(entry.name)
  keyspace.resize(entry, -count)
  ranksRemoved(set, from, to)
  return count
}

/** Removes neighbours, which `rowsIn` has found. */
export function removeRows(set: Ranked, rows: readonly MemberRow[]): void {
  const ends = [rows[0], rows.at(-1)].map(row => row && { member: row[0], score: row[1] })
  const [one, other] = ends
  if (!one || !other) return
  if (rows.length === 1) {
    removeMember(set, one.member)
    set.keyspace.touch(set.entry.name)
    return
  }
  const isUpward =
    one.score < other.score || (one.score === other.score && Buffer.compare(one.member, other.member) < 0)
  removeRange(set, { from: isUpward ? one : other, to: placeAfter(isUpward ? other : one) })
}

export function countIn(keyspace: Keyspace, entry: Entry, { from, to }: Range): number {
  const end = to ? countBefore(keyspace, entry, to) : entry.size
  return Math.max(0, end - (from === lowest ? 0 : countBefore(keyspace, entry, from)))
}

/** The members of a range, lowest first or, in reverse, highest first. */
export function rowsIn(keyspace: Keyspace, entry: Entry, range: Range, slice: Slice): MemberRow[] {
  const { offset, limit, isReverse } = slice
  if (limit <= 0) return []
  if (offset <= skippedMax) return skip(keyspace, entry, range, slice)
  const { from } = range
  const start = from === lowest ? 0 : countBefore(keyspace, entry, from)
  const count = countIn(keyspace, entry, range)
  const wanted = Math.min(limit, count - offset)
  if (wanted <= 0) return []
  if (!isReverse) return rowsFrom(keyspace, entry, start + offset, wanted)
  return rowsFrom(keyspace, entry, start + count - offset - wanted, wanted).reverse()
}

/** Copies what `rowsIn` would return into a new sorted set without reading it; returns how many they are. */
export function copyRange(target: Ranked, source: Entry, range: Range, slice: Slice): number {
  const { keyspace, entry } = target
  const { from, to } = range
  const { offset, limit, isReverse } = slice
  const before = to ? 'AND (score, member) < (?, ?)' : ''
  const order = isReverse ? 'score DESC, member DESC' : 'score, member'
  const { changes } = keyspace
    .sql(
      `INSERT INTO members (id, member, score) SELECT ?, member, score FROM members
       WHERE id = ? AND (score, member) >= (?, ?) ${before} ORDER BY ${order} LIMIT ? OFFSET ?`,
    )
    .run(entry.id, source.id, from.score, from.member, ...(to ? [to.score, to.member] : []), limit, offset)
  return filled(target, Number(changes))
}

/** A new sorted set has got all its rows at once: counts them, or removes it if there are none. */
export function filled(target: Ranked, size: number): number {
  const { keyspace, entry } = target
  if (size === 0) keyspace.remove(entry)
  else {
    keyspace.resize(entry, size)
    rebuildRanks(target)
    keyspace.touch(entry.name)
  }
  return size
}

function skip(
  keyspace: Keyspace,
  { id }: Entry,
  { from, to }: Range,
  { offset, limit, isReverse }: Slice,
): MemberRow[] {
  const before = to ? 'AND (score, member) < (?, ?)' : ''
  const order = isReverse ? 'score DESC, member DESC' : 'score, member'
  return keyspace
    .sql(
      `SELECT member, score FROM members WHERE id = ? AND (score, member) >= (?, ?) ${before}
       ORDER BY ${order} LIMIT ? OFFSET ?`,
    )
    .all(id, from.score, from.member, ...(to ? [to.score, to.member] : []), limit, offset) as unknown as MemberRow[]
}

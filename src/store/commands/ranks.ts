/**
 * The ranks of a sorted set. SQLite finds a member in O(log n), but knows not how many are before it: to count them takes
 * 20 ms at a million members. So the members are cut into blocks of at most 2,048, and each block keeps its size. A rank
 * is then the sizes of the blocks before, and what is counted within one block.
 *
 * A block begins at its place and goes up to the next block's; the first begins at `lowest`, whatever its members. It is
 * split in the middle when it grows above the limit, and put together with a neighbour when both have become small. A set
 * of at most half a block has no blocks, one of more than a block has; in between it may.
 *
 * All is kept in the file: nothing to rebuild after a start, and readers in other processes have the same ranks.
 */
import type { Entry, Keyspace } from '../database/keyspace.ts'

/** Where something is, or would be, in the order of a sorted set: by score, then by the bytes of the member. */
export interface Place {
  readonly score: number
  readonly member: Uint8Array
}

export interface Block extends Place {
  readonly size: number
}

export type MemberRow = [member: Uint8Array, score: number]

/** The set that changes, and how many members a block of it has at most: 2 or more. */
export interface Ranked {
  readonly keyspace: Keyspace
  readonly entry: Entry
  readonly blockSizeMax: number
}

export const blockSizeMax = 2048
export const lowest: Place = { score: -Infinity, member: Buffer.alloc(0) }

/** How many members there are before a place. */
export function countBefore(keyspace: Keyspace, { id }: Entry, place: Place): number {
  const block = blockAt(keyspace, id, place)
  if (!block) return countBetween(keyspace, id, lowest, place)
  const [before] = keyspace
    .sql('SELECT coalesce(sum(size), 0) FROM blocks WHERE id = ? AND (score, member) < (?, ?)')
    .get(id, block.score, block.member) as unknown as [number]
  return before + countBetween(keyspace, id, block, place)
}

/** Members from an index on, counted from 0 at the lowest. */
export function rowsFrom(keyspace: Keyspace, { id }: Entry, index: number, count: number): MemberRow[] {
  const sizes = keyspace
    .sql('SELECT size FROM blocks WHERE id = ? ORDER BY score, member')
    .all(id) as unknown as readonly [number][]
  let rest = index
  let block = 0
  for (; block + 1 < sizes.length; block++) {
    const [size] = sizes[block] as [number]
    if (rest < size) break
    rest -= size
  }
  const { score, member } = block === 0 ? lowest : blockNumber(keyspace, id, block)
  return keyspace
    .sql(
      `SELECT member, score FROM members WHERE id = ? AND (score, member) >= (?, ?) ORDER BY score, member
       LIMIT ? OFFSET ?`,
    )
    .all(id, score, member, count, rest) as unknown as MemberRow[]
}

/** A member has come, and is counted in the size of the key already. */
export function rankAdded(set: Ranked, place: Place): void {
  const { keyspace, entry } = set
  if (entry.size <= set.blockSizeMax / 2) return
  const block = blockAt(keyspace, entry.id, place)
  if (block) growBlock(set, block)
  else if (entry.size > set.blockSizeMax) {
    const all = { ...lowest, size: entry.size }
    insertBlock(set, all)
    split(set, all)
  }
}

/** A member has gone, and is not counted in the size of the key any more. */
export function rankRemoved(set: Ranked, place: Place): void {
  const { keyspace, entry } = set
  const half = Math.floor(set.blockSizeMax / 2)
  if (entry.size === half) removeAllBlocks(set)
  if (entry.size <= half) return
  const block = blockAt(keyspace, entry.id, place)
  if (block) shrinkBlock(set, block)
}

/** A member has got another score. */
export function rankMoved(set: Ranked, from: Place, to: Place): void {
  const { keyspace, entry } = set
  if (entry.size <= set.blockSizeMax / 2) return
  const old = blockAt(keyspace, entry.id, from)
  const next = blockAt(keyspace, entry.id, to)
  if (!old || !next || isSame(old, next)) return
  shrinkBlock(set, old)
  // Looked up again: it may have been put together with the old one.
  growBlock(set, blockAt(keyspace, entry.id, to) ?? next)
}

/** All members from a place up to another, or to the end, have gone, and are not counted in the size any more. */
export function ranksRemoved(set: Ranked, from: Place, to: Place | undefined): void {
  const { keyspace, entry } = set
  const { id } = entry
  if (entry.size <= set.blockSizeMax / 2) {
    removeAllBlocks(set)
    return
  }
  const first = blockAt(keyspace, id, from)
  const last = to ? blockAt(keyspace, id, to) : lastBlock(keyspace, id)
  if (!first || !last) return
  keyspace
    .sql('DELETE FROM blocks WHERE id = ? AND (score, member) > (?, ?) AND (score, member) < (?, ?)')
    .run(id, first.score, first.member, last.score, last.member)
  recount(set, first)
  if (!isSame(first, last)) recount(set, last)
  // Looked up again: the first may put the last one together with others.
  for (const place of [last, first]) {
    const block = blockAt(keyspace, id, place)
    if (block) mergeIfSmall(set, block)
  }
}

/** Counts all anew: of a set that has got its members otherwise than one by one. */
export function rebuildRanks(set: Ranked): void {
  const { keyspace, entry, blockSizeMax } = set
  removeAllBlocks(set)
  if (entry.size <= blockSizeMax) return
  const count = Math.ceil(entry.size / Math.max(1, Math.floor(blockSizeMax / 2)))
  const size = Math.ceil(entry.size / count)
  keyspace
    .sql(
      `INSERT INTO blocks (id, score, member, size)
       SELECT ?1, iif(n = 0, ?3, score), iif(n = 0, x'', member), min(?2, ?4 - n) FROM
         (SELECT score, member, row_number() OVER (ORDER BY score, member) - 1 AS n FROM members WHERE id = ?1)
       WHERE n % ?2 = 0`,
    )
    .run(entry.id, size, lowest.score, entry.size)
}

function growBlock(set: Ranked, block: Block): void {
  const grown = { ...block, size: block.size + 1 }
  writeSize(set, grown)
  if (grown.size > set.blockSizeMax) split(set, grown)
}

function shrinkBlock(set: Ranked, block: Block): void {
  const shrunk = { ...block, size: block.size - 1 }
  writeSize(set, shrunk)
  mergeIfSmall(set, shrunk)
}

function recount(set: Ranked, block: Block): void {
  const { keyspace, entry } = set
  writeSize(set, { ...block, size: countBetween(keyspace, entry.id, block, nextBlock(keyspace, entry.id, block)) })
}

function split(set: Ranked, block: Block): void {
  const { keyspace, entry } = set
  const half = Math.floor(block.size / 2)
  const [score, member] = keyspace
    .sql(
      `SELECT score, member FROM members WHERE id = ? AND (score, member) >= (?, ?) ORDER BY score, member
       LIMIT 1 OFFSET ?`,
    )
    .get(entry.id, block.score, block.member, half) as unknown as [number, Uint8Array]
  writeSize(set, { ...block, size: half })
  insertBlock(set, { score, member, size: block.size - half })
}

/** Into the block before or behind it, if that leaves room to grow; an empty one always. */
function mergeIfSmall(set: Ranked, block: Block): void {
  if (block.size > set.blockSizeMax / 4) return
  const { keyspace, entry } = set
  const next = nextBlock(keyspace, entry.id, block)
  if (next && canMerge(set, block, next)) {
    merge(set, block, next)
    return
  }
  const previous = previousBlock(keyspace, entry.id, block)
  if (previous && canMerge(set, previous, block)) merge(set, previous, block)
}

function canMerge(set: Ranked, lower: Block, upper: Block): boolean {
  return lower.size === 0 || upper.size === 0 || lower.size + upper.size <= (set.blockSizeMax * 3) / 4
}

function merge(set: Ranked, lower: Block, upper: Block): void {
  set.keyspace
    .sql('DELETE FROM blocks WHERE id = ? AND score = ? AND member = ?')
    .run(set.entry.id, upper.score, upper.member)
  writeSize(set, { ...lower, size: lower.size + upper.size })
}

function insertBlock({ keyspace, entry }: Ranked, { score, member, size }: Block): void {
  keyspace.sql('INSERT INTO blocks (id, score, member, size) VALUES (?, ?, ?, ?)').run(entry.id, score, member, size)
}

function writeSize({ keyspace, entry }: Ranked, { score, member, size }: Block): void {
  keyspace
    .sql('UPDATE blocks SET size = ? WHERE id = ? AND score = ? AND member = ?')
    .run(size, entry.id, score, member)
}

function removeAllBlocks({ keyspace, entry }: Ranked): void {
  keyspace.sql('DELETE FROM blocks WHERE id = ?').run(entry.id)
}

/** The block that a place lies in; undefined when the set has no blocks. */
function blockAt(keyspace: Keyspace, id: number, { score, member }: Place): Block | undefined {
  return blockOf(
    keyspace
      .sql(
        `SELECT score, member, size FROM blocks WHERE id = ? AND (score, member) <= (?, ?)
         ORDER BY score DESC, member DESC LIMIT 1`,
      )
      .get(id, score, member),
  )
}

function nextBlock(keyspace: Keyspace, id: number, { score, member }: Place): Block | undefined {
  return blockOf(
    keyspace
      .sql(
        `SELECT score, member, size FROM blocks WHERE id = ? AND (score, member) > (?, ?)
         ORDER BY score, member LIMIT 1`,
      )
      .get(id, score, member),
  )
}

function previousBlock(keyspace: Keyspace, id: number, { score, member }: Place): Block | undefined {
  return blockOf(
    keyspace
      .sql(
        `SELECT score, member, size FROM blocks WHERE id = ? AND (score, member) < (?, ?)
         ORDER BY score DESC, member DESC LIMIT 1`,
      )
      .get(id, score, member),
  )
}

function lastBlock(keyspace: Keyspace, id: number): Block | undefined {
  return blockOf(
    keyspace
      .sql('SELECT score, member, size FROM blocks WHERE id = ? ORDER BY score DESC, member DESC LIMIT 1')
      .get(id),
  )
}

function blockNumber(keyspace: Keyspace, id: number, number: number): Block {
  const row = keyspace
    .sql('SELECT score, member, size FROM blocks WHERE id = ? ORDER BY score, member LIMIT 1 OFFSET ?')
    .get(id, number)
  return blockOf(row) ?? { ...lowest, size: 0 }
}

function blockOf(row: unknown): Block | undefined {
  if (!row) return undefined
  const [score, member, size] = row as [number, Uint8Array, number]
  return { score, member, size }
}

function countBetween(keyspace: Keyspace, id: number, from: Place, to: Place | undefined): number {
  const before = to ? 'AND (score, member) < (?, ?)' : ''
  const row = keyspace
    .sql(`SELECT count(*) FROM members WHERE id = ? AND (score, member) >= (?, ?) ${before}`)
    .get(id, from.score, from.member, ...(to ? [to.score, to.member] : []))
  return (row as unknown as [number])[0]
}

function isSame(one: Place, other: Place): boolean {
  return one.score === other.score && Buffer.compare(one.member, other.member) === 0
}

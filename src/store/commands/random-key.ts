/**
 * Any key, each about as likely.
 *
 * Rows have no numbers, so the millionth is found by skipping all before it, at 23 ns each. So marks are kept in memory, a
 * thousand keys apart: one of them is taken at random, and a key up to the next one. Keys that come and go make some stretches
 * longer than others; when that is a quarter of all, marks are set anew, which takes 25 ms for a million keys.
 */
import { rangesOf } from '../database/key-names.ts'
import type { Keyspace } from '../database/keyspace.ts'
import { bufferOf } from './string-values.ts'

const stretchMin = 1000
const marksMax = 10_000
const triesMax = 100
const drift = 0.25

interface Mark {
  readonly from: Buffer
  /** The end of its stretch; undefined: that of the table. */
  readonly to: Buffer | undefined
}

interface Marks {
  readonly marks: readonly Mark[]
  readonly count: number
}

const known = new WeakMap<Keyspace, Map<number, Marks>>()

/** The stored name; undefined when there is no key that lives. */
export function randomKey(keyspace: Keyspace, database: number): Buffer | undefined {
  const count = keyspace.countLiving(database)
  if (count <= 0) return undefined
  const marks = marksOf(keyspace, database, count)
  for (let i = 0; i < triesMax; i++) {
    const name = pickIn(keyspace, marks[Math.floor(Math.random() * marks.length)] as Mark)
    if (name) return name
  }
  return anyLiving(keyspace, database)
}

function marksOf(keyspace: Keyspace, database: number, count: number): readonly Mark[] {
  const byDatabase = known.get(keyspace) ?? new Map<number, Marks>()
  known.set(keyspace, byDatabase)
  const old = byDatabase.get(database)
  if (old && Math.abs(old.count - count) <= old.count * drift) return old.marks
  const marks = setMarks(keyspace, database, count)
  byDatabase.set(database, { marks, count })
  return marks
}

function setMarks(keyspace: Keyspace, database: number, count: number): Mark[] {
  const length = Math.max(stretchMin, Math.ceil(count / marksMax))
  const marks: Mark[] = []
  for (const { from, to } of rangesOf(database, Buffer.alloc(0))) {
    for (let start = from; ; ) {
      const row = keyspace
        .sql(`SELECT name FROM keys WHERE name >= ? ${to ? 'AND name < ?' : ''} ORDER BY name LIMIT 1 OFFSET ${length}`)
        .get(start, ...(to ? [to] : [])) as unknown as [Uint8Array] | undefined
      const next = row && Buffer.from(row[0])
      marks.push({ from: start, to: next ?? to })
      if (!next) break
      start = next
    }
  }
  return marks
}

/** One of a stretch; undefined when that is empty, or what was taken is over. */
function pickIn(keyspace: Keyspace, { from, to }: Mark): Buffer | undefined {
  const where = `FROM keys WHERE name >= ? ${to ? 'AND name < ?' : ''}`
  const ends = to ? [from, to] : [from]
  const [count] = keyspace.sql(`SELECT count(*) ${where}`).get(...ends) as unknown as [number]
  if (count === 0) return undefined
  const [name, expires] = keyspace
    .sql(`SELECT name, expires ${where} ORDER BY name LIMIT 1 OFFSET ?`)
    .get(...ends, Math.floor(Math.random() * count)) as unknown as [Uint8Array, number | null]
  return expires !== null && expires <= keyspace.now ? undefined : bufferOf(name)
}

function anyLiving(keyspace: Keyspace, database: number): Buffer | undefined {
  for (const { from, to } of rangesOf(database, Buffer.alloc(0))) {
    const row = keyspace
      .sql(
        `SELECT name FROM keys WHERE (expires IS NULL OR expires > ?) AND name >= ? ${to ? 'AND name < ?' : ''} LIMIT 1`,
      )
      .get(keyspace.now, from, ...(to ? [to] : [])) as unknown as [Uint8Array] | undefined
    if (row) return bufferOf(row[0])
  }
  return undefined
}

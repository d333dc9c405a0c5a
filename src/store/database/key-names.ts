/**
 * How keys are named in the table. There are sixteen databases, as in Redis, and nearly always one is used: a key of the first
 * is stored under its own name. Others have two bytes in front, 0 and the number of their database; so that nothing of the first
 * can be taken for them, names in it that begin with a byte of 0 have them, too.
 */

/** Numbered from 0. */
export const databasesMax = 16

const mark = 0
const markLength = 2

export interface NameRange {
  readonly from: Buffer
  /** The first name behind it; undefined: to the end. */
  readonly to: Buffer | undefined
}

export function storedName(database: number, name: Buffer): Buffer {
  return isStoredAsItIs(database, name) ? name : Buffer.concat([Buffer.of(mark, database), name])
}

export function isStoredAsItIs(database: number, name: Buffer): boolean {
  return database === 0 && name[0] !== mark
}

/** The name that the key has for whoever uses it. */
export function shownName(stored: Buffer): Buffer {
  return stored[0] === mark ? stored.subarray(markLength) : stored
}

export function databaseOfName(stored: Buffer): number {
  return stored[0] === mark ? (stored[1] as number) : 0
}

/** Where the keys of a database lie whose names begin with this, in the order of their names. */
export function rangesOf(database: number, prefix: Buffer): readonly NameRange[] {
  if (database === 0 && prefix.length === 0) return firstDatabase
  const from = storedName(database, prefix)
  return [{ from, to: endOfPrefix(from) }]
}

/** The first name behind all that begin with the prefix; undefined when there is none. */
export function endOfPrefix(prefix: Buffer): Buffer | undefined {
  const last = prefix.findLastIndex(byte => byte < 0xff)
  if (last < 0) return undefined
  const end = Buffer.from(prefix.subarray(0, last + 1))
  end[last] = (end[last] as number) + 1
  return end
}

// The key without a name, those whose names begin with 0, and the rest.
const firstDatabase: readonly NameRange[] = [
  { from: Buffer.alloc(0), to: Buffer.of(mark) },
  { from: Buffer.of(mark, 0), to: Buffer.of(mark, 1) },
  { from: Buffer.of(mark + 1), to: undefined },
]

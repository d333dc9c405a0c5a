/**
 * Keys, and which collection belongs to each. Commands reach the data through here, in the owner as well as in a reader.
 *
 * The owner is the only one that writes, so it may remember what it has found; a reader asks the file each time.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { CommandError, wrongType } from '../commands/command-error.ts'
import { AnswerSize } from './answer-size.ts'
import { databaseOfName, databasesMax, type NameRange, rangesOf, shownName, storedName } from './key-names.ts'

export const keyTypes = { string: 1, hash: 2, list: 3, set: 4, zset: 5 } as const
export type KeyType = (typeof keyTypes)[keyof typeof keyTypes]

/** A key that exists. */
export interface Entry {
  readonly name: Buffer
  readonly type: KeyType
  /** Of its elements, in the tables of collections. */
  readonly id: number
  /** Milliseconds since 1970, or null: never. */
  expires: number | null
  /** Elements; of a string always 0. */
  size: number
  /** Of a short string, as the owner has last read or written it: counters are asked for it again and again. */
  text?: Buffer | undefined
  /** Of a list: see list-ends.ts. Null when its elements do not lie side by side; undefined when that is not known. */
  ends?: ListEnds | null | undefined
}

/** What else is written at the end of a transaction, and does not hold after a rollback. */
export interface Unwritten {
  flush(): void
  forget(): void
}

/** The positions of the first and the last element. */
export interface ListEnds {
  first: number
  last: number
}

/** What `onTouched` is told when all keys have changed. */
export const everyKey = Buffer.alloc(0)

const rememberedMax = 4096
/** Of a string that the owner remembers. */
export const textBytesMax = 128
const noPrefix = Buffer.alloc(0)
const noDatabase = databasesMax
type Row = [type: number, id: number, expires: number | null, size: number, text?: Uint8Array | null]
const load = 'SELECT type, id, expires, size FROM keys WHERE name = ?'
/** With a string that is short enough to be remembered, so that it is not asked for by itself. */
const loadWithText = `
  SELECT type, id, expires, size, CASE WHEN type = 1 AND length(value) BETWEEN 1 AND ${textBytesMax} THEN value END
  FROM keys WHERE name = ?`

export class Keyspace {
  readonly database: DatabaseSync
  /** Milliseconds since 1970; set before each turn. What expires by then is gone. */
  now = 0
  /** Called with each key that a command has changed. */
  onTouched: ((name: Buffer, field: Buffer | undefined) => void) | undefined
  keysMax = Number.POSITIVE_INFINITY
  readonly answer = new AnswerSize()
  readonly attached = new Set<Unwritten>()
  readonly #isOwner: boolean
  readonly #remembered = new Map<string, Entry>()
  /** Sizes of collections and texts of strings that change often are written once, at the end of the transaction. */
  readonly #unwritten = new Set<Entry>()
  readonly #statements = new Map<string, StatementSync>()
  #idNext = 0
  /** Keys of each database; undefined: not counted since they were forgotten. */
  #counts: (number | undefined)[] = []
  #countAll: number | undefined

  constructor(database: DatabaseSync, options: { isOwner: boolean }) {
    this.database = database
    this.#isOwner = options.isOwner
  }

  /** A prepared statement whose rows are arrays. Prepared once. */
  sql(text: string): StatementSync {
    const known = this.#statements.get(text)
    if (known) return known
    const statement = this.database.prepare(text)
    statement.setReturnArrays(true)
    this.#statements.set(text, statement)
    return statement
  }

  /** The key, whatever it holds; undefined when there is none or its time is over. */
  find(name: Buffer): Entry | undefined {
    const entry = this.#isOwner ? this.#recall(name) : this.#load(name)
    return entry && entry.expires !== null && entry.expires <= this.now ? undefined : entry
  }

  /** Whether there was a key of this name whose time is over, and which is not cleared away yet. */
  hasExpired(name: Buffer): boolean {
    const entry = this.#isOwner ? this.#recall(name) : this.#load(name)
    return entry !== undefined && entry.expires !== null && entry.expires <= this.now
  }

  /**
   * The key, if it is of this type.
   *
   * @throws {CommandError} WRONGTYPE when it holds something else.
   */
  findOf(name: Buffer, type: KeyType): Entry | undefined {
    const entry = this.find(name)
    if (entry && entry.type !== type) throw wrongType()
    return entry
  }

  /**
   * The key of this type, made if there is none.
   *
   * @throws {CommandError} WRONGTYPE; STORE_TOO_MANY_KEYS.
   */
  obtain(name: Buffer, type: KeyType): Entry {
    return this.findOf(name, type) ?? this.create(name, type)
  }

  /** A new key without elements, in the place of whatever had this name; a string with its value. */
  create(name: Buffer, type: KeyType, value: Buffer | null = null, expires: number | null = null): Entry {
    const old = this.#recall(name)
    if (old) this.remove(old)
    else if (this.keysMax !== Number.POSITIVE_INFINITY && this.count() >= this.keysMax) {
      throw new CommandError('STORE_TOO_MANY_KEYS', `there are ${this.keysMax} keys already (store.maxKeys)`)
    }
    const entry: Entry = { name: Buffer.from(name), type, id: this.#takeId(), expires, size: 0 }
    this.sql('INSERT INTO keys (name, type, id, expires, size, value) VALUES (?, ?, ?, ?, 0, ?)').run(
      entry.name,
      type,
      entry.id,
      expires,
      value,
    )
    this.#countKey(entry, 1)
    this.#remember(entry)
    return entry
  }

  /** Removes the key at once; its elements go when there is time. */
  remove(entry: Entry): void {
    this.sql('DELETE FROM keys WHERE name = ?').run(entry.name)
    if (entry.type !== keyTypes.string) this.sql('INSERT INTO garbage VALUES (?, ?)').run(entry.id, entry.type)
    this.#countKey(entry, -1)
    this.#unwritten.delete(entry)
    this.#remembered.delete(entry.name.toString('latin1'))
    this.onTouched?.(entry.name, undefined)
  }

  /** A key that `find` does not show any more. */
  removeExpired(name: Buffer): void {
    const entry = this.#recall(name)
    if (entry && entry.expires !== null && entry.expires <= this.now) this.remove(entry)
  }

  /** A field of the hash with this id has gone with its time. */
  shrink(id: number, field: Buffer): void {
    const row = this.sql('SELECT name FROM keys WHERE id = ? AND type <> 1').get(id) as unknown as
      | [Uint8Array]
      | undefined
    const entry = row && this.#recall(Buffer.from(row[0]))
    if (!entry) return
    // If it was one of a cache.
    this.sql('DELETE FROM uses WHERE id = ? AND field = ?').run(id, field)
    this.touch(entry.name, field)
    this.resize(entry, -1)
  }

  /** So many elements have come, or gone when below 0. A collection without any is no key any more. */
  resize(entry: Entry, by: number): void {
    entry.size += by
    if (entry.size <= 0) this.remove(entry)
    else {
      this.#unwritten.add(entry)
      // Many other keys may have come since it was found.
      this.#remember(entry)
    }
  }

  /** Sets a short string. Others see it with the end of the transaction, like all that it changes. */
  setText(entry: Entry, text: Buffer): void {
    entry.text = text
    this.#unwritten.add(entry)
    this.#remember(entry)
  }

  /** A string was written: not with what it was set to before. */
  noteWritten(entry: Entry): void {
    this.#unwritten.delete(entry)
  }

  /** A text that is not in the file yet. */
  unwrittenText(name: Buffer): Buffer | undefined {
    if (this.#unwritten.size === 0) return undefined
    const entry = this.find(name)
    return entry?.type === keyTypes.string && this.#unwritten.has(entry) ? entry.text : undefined
  }

  /** Gives the key another name, in the place of what had it. */
  rename(entry: Entry, name: Buffer): void {
    const old = this.#recall(name)
    if (old === entry) return
    if (old) this.remove(old)
    const size = entry.size
    if (entry.type === keyTypes.string) this.#write(entry)
    this.#unwritten.delete(entry)
    this.#remembered.delete(entry.name.toString('latin1'))
    this.sql('UPDATE keys SET name = ?, size = ? WHERE name = ?').run(name, size, entry.name)
    // It may have another database.
    this.#countKey(entry, -1)
    this.#countKey({ name }, 1)
    this.touch(entry.name)
    this.touch(name)
  }

  /** Removes every key, or every one of a database. */
  clear(database?: number): void {
    for (const range of database === undefined ? [undefined] : rangesOf(database, noPrefix)) {
      const { where, values } = conditionOf(range)
      this.sql(`INSERT INTO garbage SELECT id, type FROM keys WHERE type <> ${keyTypes.string} AND ${where}`).run(
        ...values,
      )
      this.sql(`DELETE FROM keys WHERE ${where}`).run(...values)
    }
    this.#forgetAllButId()
  }

  /** Exchanges the keys of two databases. */
  swap(one: number, other: number): void {
    this.flush()
    // By way of a database that nobody has: names must not meet.
    for (const [from, to] of [
      [one, noDatabase],
      [other, one],
      [noDatabase, other],
    ] as const) {
      for (const range of rangesOf(from, noPrefix)) {
        const { where, values } = conditionOf(range)
        const names = this.sql(`SELECT name FROM keys WHERE ${where}`).all(...values) as unknown as [Uint8Array][]
        const update = this.sql('UPDATE keys SET name = ? WHERE name = ?')
        for (const [name] of names) update.run(storedName(to, shownName(Buffer.from(name))), name)
      }
    }
    this.#forgetAllButId()
  }

  #forgetAllButId(): void {
    const idNext = this.#takeId()
    this.forget()
    this.#idNext = idNext
    this.onTouched?.(everyKey, undefined)
  }

  expireAt(entry: Entry, atMs: number | null): void {
    entry.expires = atMs
    this.sql('UPDATE keys SET expires = ? WHERE name = ?').run(atMs, entry.name)
    this.touch(entry.name)
  }

  /** Must be called for each key, and field of a hash, that was changed: wakes those who wait and watch. */
  touch(name: Buffer, field?: Buffer): void {
    this.onTouched?.(name, field)
  }

  /** How many keys there are in all databases, with those that have expired and are not cleared away yet. */
  count(): number {
    if (!this.#isOwner) return this.#countRows([undefined])
    this.#countAll ??= this.#countRows([undefined])
    return this.#countAll
  }

  /** How many keys a database has. */
  countLiving(database: number): number {
    const ranges = rangesOf(database, noPrefix)
    const known = this.#isOwner ? this.#counts[database] : undefined
    const count = known ?? this.#countRows(ranges)
    if (this.#isOwner) this.#counts[database] = count
    return count - this.#countRows(ranges, 'AND expires <= ?', this.now)
  }

  /** How many keys of each database have a time to live that is not over; undefined: none. */
  countExpiring(): readonly (number | undefined)[] {
    const rows = this.sql(
      `SELECT CASE substr(name, 1, 1) WHEN x'00' THEN substr(name, 1, 2) ELSE x'0000' END AS mark, count(*)
       FROM keys INDEXED BY keys_expiry WHERE expires > ? GROUP BY mark`,
    ).all(this.now) as unknown as [mark: Uint8Array, count: number][]
    const counts: number[] = []
    for (const [mark, count] of rows) counts[mark[1] as number] = count
    return counts
  }

  #countRows(ranges: readonly (NameRange | undefined)[], more = '', ...moreValues: number[]): number {
    let count = 0
    for (const range of ranges) {
      const { where, values } = conditionOf(range)
      const row = this.sql(`SELECT count(*) FROM keys WHERE ${where} ${more}`).get(...values, ...moreValues)
      count += (row as unknown as [number])[0]
    }
    return count
  }

  #countKey({ name }: Pick<Entry, 'name'>, by: number): void {
    if (this.#countAll !== undefined) this.#countAll += by
    const database = databaseOfName(name)
    const count = this.#counts[database]
    if (count !== undefined) this.#counts[database] = count + by
  }

  /** Writes what commands have left for the end of a transaction. */
  flush(): void {
    for (const entry of this.#unwritten) this.#write(entry)
    this.#unwritten.clear()
    for (const other of this.attached) other.flush()
  }

  #write({ type, text, size, name }: Entry): void {
    if (type !== keyTypes.string) this.sql('UPDATE keys SET size = ? WHERE name = ?').run(size, name)
    else if (text) this.sql('UPDATE keys SET value = ? WHERE name = ?').run(text, name)
  }

  /** After a rollback, or when the file's content was replaced: nothing remembered holds. */
  forget(): void {
    this.#remembered.clear()
    this.#unwritten.clear()
    this.#idNext = 0
    this.#counts = []
    this.#countAll = undefined
    for (const other of this.attached) other.forget()
  }

  #recall(name: Buffer): Entry | undefined {
    const text = name.toString('latin1')
    const known = this.#remembered.get(text)
    if (known) return known
    const entry = this.#load(name)
    if (entry) this.#remember(entry, text)
    return entry
  }

  #load(name: Buffer): Entry | undefined {
    const row = this.sql(this.#isOwner ? loadWithText : load).get(name) as unknown as Row | undefined
    if (!row) return undefined
    const [type, id, expires, size, text] = row
    // A copy: what came in lies in a chunk of the connection, which would be kept with it.
    const entry: Entry = { name: this.#isOwner ? Buffer.from(name) : name, type: type as KeyType, id, expires, size }
    if (text) entry.text = Buffer.from(text.buffer, text.byteOffset, text.byteLength)
    return entry
  }

  #remember(entry: Entry, text = entry.name.toString('latin1')): void {
    if (!this.#isOwner) return
    if (this.#remembered.size >= rememberedMax && !this.#remembered.has(text)) {
      // What has not been written yet must stay what everybody sees.
      for (const [oldest, old] of this.#remembered) {
        if (this.#unwritten.has(old)) continue
        this.#remembered.delete(oldest)
        break
      }
    }
    this.#remembered.set(text, entry)
  }

  #takeId(): number {
    if (this.#idNext === 0) {
      const [[keys], [garbage]] = ['keys', 'garbage'].map(table =>
        this.sql(`SELECT coalesce(max(id), 0) FROM ${table}`).get(),
      ) as unknown as [[number], [number]]
      this.#idNext = Math.max(keys, garbage) + 1
    }
    return this.#idNext++
  }
}

/** A condition for the names of a range, or for all. */
function conditionOf(range: NameRange | undefined): { where: string; values: Buffer[] } {
  if (!range) return { where: 'true', values: [] }
  const { from, to } = range
  return to ? { where: 'name >= ? AND name < ?', values: [from, to] } : { where: 'name >= ?', values: [from] }
}

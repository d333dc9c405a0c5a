/** Clears away what has expired, and what was left of deleted keys: in small slices, so that nobody waits for it. */
import { type TaskSpace, taskSpaceOf } from '../commands/tasks/task-space.ts'
import { hasUpkeep, nextUpkeep, upkeep } from '../commands/tasks/upkeep.ts'
import { type Keyspace, keyTypes } from '../database/keyspace.ts'

const idleMs = 1000
const sliceMs = 5
const rowsAtOnce = 200

const tablesOf: Record<number, readonly string[]> = {
  [keyTypes.hash]: ['fields', 'uses', 'cache_sizes'],
  [keyTypes.set]: ['fields'],
  [keyTypes.list]: ['items'],
  [keyTypes.zset]: ['members', 'blocks'],
}
const keyColumn: Record<string, string> = {
  fields: 'field',
  uses: 'field',
  cache_sizes: 'id',
  items: 'position',
  members: 'member',
  blocks: 'score, member',
}

export class Sweeper {
  readonly #keyspace: Keyspace
  readonly #now: () => number
  readonly #inTransaction: (work: () => boolean) => boolean
  readonly #tasks: TaskSpace
  #timer: NodeJS.Timeout | undefined
  /** When it goes off, by the clock of the keyspace. */
  #timerAt = 0
  #isStopped = false

  /** `inTransaction` runs work in a transaction of its own, and returns what the work returns. */
  constructor(keyspace: Keyspace, now: () => number, inTransaction: (work: () => boolean) => boolean) {
    this.#keyspace = keyspace
    this.#now = now
    this.#inTransaction = inTransaction
    this.#tasks = taskSpaceOf(keyspace)
    // Tasks are due at once when their time has come; all else can be a second late.
    this.#tasks.remind = at => {
      if (at < this.#timerAt) this.#wait(at - this.#now())
    }
    this.#wait(idleMs)
  }

  stop(): void {
    this.#isStopped = true
    clearTimeout(this.#timer)
  }

  /** One slice now; whether there is more. For tests with a clock that they move. */
  sweep(): boolean {
    if (!this.#hasWork()) return false
    const until = performance.now() + sliceMs
    return this.#inTransaction(() => {
      const { now } = this.#keyspace
      this.#tasks.awake(now)
      if (upkeep({ keyspace: this.#keyspace, now, space: this.#tasks }, sliceMs)) return true
      let isMore: boolean
      // At least once: on a busy machine the slice may be over before it has begun.
      do isMore = this.#sweepSome()
      while (isMore && performance.now() < until)
      return isMore
    })
  }

  #wait(ms: number): void {
    if (this.#isStopped) return
    clearTimeout(this.#timer)
    const waitMs = Math.max(1, Math.min(ms, idleMs))
    this.#timerAt = this.#now() + waitMs
    this.#timer = setTimeout(this.#run, waitMs).unref()
  }

  readonly #run = (): void => {
    let nextMs = idleMs
    try {
      if (this.sweep()) nextMs = sliceMs
      else nextMs = (nextUpkeep(this.#keyspace) ?? Number.POSITIVE_INFINITY) - this.#now()
    } catch {
      // A full disk: what has expired is invisible all the same. Tried again later.
    }
    // In between is the time of others.
    this.#wait(nextMs)
  }

  #hasWork(): boolean {
    const now = this.#now()
    if (this.#tasks.connections.gone.size > 0 || this.#tasks.wasClockSet(now)) return true
    if (hasUpkeep(this.#keyspace, now)) return true
    const [count] = this.#keyspace
      .sql(
        `SELECT EXISTS (SELECT 1 FROM keys WHERE expires IS NOT NULL AND expires <= ?1)
         OR EXISTS (SELECT 1 FROM fields WHERE expires IS NOT NULL AND expires <= ?1) OR EXISTS (SELECT 1 FROM garbage)`,
      )
      .get(now) as unknown as [number]
    return count === 1
  }

  #sweepSome(): boolean {
    return this.#expireKeys() || this.#expireFields() || this.#clearGarbage()
  }

  #expireKeys(): boolean {
    const { now } = this.#keyspace
    const rows = this.#keyspace
      .sql('SELECT name FROM keys WHERE expires IS NOT NULL AND expires <= ? LIMIT ?')
      .all(now, rowsAtOnce) as unknown as [Uint8Array][]
    for (const [name] of rows) this.#keyspace.removeExpired(Buffer.from(name))
    return rows.length === rowsAtOnce
  }

  #expireFields(): boolean {
    const { now } = this.#keyspace
    const rows = this.#keyspace
      .sql('SELECT id, field FROM fields WHERE expires IS NOT NULL AND expires <= ? LIMIT ?')
      .all(now, rowsAtOnce) as unknown as [number, Uint8Array][]
    for (const [id, field] of rows) {
      this.#keyspace.sql('DELETE FROM fields WHERE id = ? AND field = ?').run(id, field)
      this.#keyspace.shrink(id, Buffer.from(field))
    }
    return rows.length === rowsAtOnce
  }

  #clearGarbage(): boolean {
    const row = this.#keyspace.sql('SELECT id, type FROM garbage LIMIT 1').get() as unknown as
      | [number, number]
      | undefined
    if (!row) return false
    const [id, type] = row
    for (const table of tablesOf[type] ?? []) {
      const columns = keyColumn[table]
      const { changes } = this.#keyspace
        .sql(
          `DELETE FROM ${table} WHERE id = ?1 AND (${columns}) IN (SELECT ${columns} FROM ${table} WHERE id = ?1 LIMIT ?2)`,
        )
        .run(id, rowsAtOnce)
      if (changes > 0) return true
    }
    this.#keyspace.sql('DELETE FROM garbage WHERE id = ?').run(id)
    return true
  }
}

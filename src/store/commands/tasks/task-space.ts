/**
 * What the owner remembers of tasks beside their tables: numbers, counts that are written once a transaction, over which
 * connection a worker speaks, and how far the clock was set. A reader has none.
 */
import type { Keyspace } from '../../database/keyspace.ts'
import type { Client } from '../../owner/client.ts'
import type { CommandContext } from '../command.ts'
import { jobState } from './job-row.ts'
import { TaskConnections } from './task-connections.ts'

export interface TaskContext {
  readonly keyspace: Keyspace
  /** Milliseconds since 1970. */
  readonly now: number
  readonly space: TaskSpace
}

// So long workers have after a restart of the owner, before their jobs are given to others.
const comeBackMs = 5_000
// By less a clock is not set: a long turn of the owner looks the same.
const jumpMsMin = 1_000
const putBack = `state = 1, attempt = attempt - 1, worker = NULL, token = NULL, request = NULL, started = NULL,
  version = version + 1`
const spaces = new WeakMap<Keyspace, TaskSpace>()

/** That of an owner. */
export function taskSpaceOf(keyspace: Keyspace): TaskSpace {
  const known = spaces.get(keyspace)
  if (known) return known
  const space = new TaskSpace(keyspace)
  spaces.set(keyspace, space)
  return space
}

/** For a command that changes something. */
export function taskContextOf({ keyspace, now }: CommandContext | { keyspace: Keyspace; now: number }): TaskContext {
  const space = taskSpaceOf(keyspace)
  space.awake(now)
  return { keyspace, now, space }
}

export class TaskSpace {
  /** Told when something is to be done without a request: at this time, in milliseconds since 1970. */
  remind: ((at: number) => void) | undefined
  readonly connections = new TaskConnections(undo => this.#onRollBack(undo))
  readonly #keyspace: Keyspace
  #onRollBack: (undo: () => void) => void = () => {}
  #monotonic = (): number => performance.now()
  /** By queue and state: how many more there are than is written. */
  readonly #counts = new Map<string, number[]>()
  #number: number | undefined
  #isNumberNew = false
  #isAwake = false
  /** How far the clock on the wall is ahead of the monotonic one, as leases know it. */
  #aheadMs: number | undefined
  /** Somebody has renewed a lease, and it was not written, as on a full disk: nobody is to be blamed for that. */
  #wasRenewalLost = false

  constructor(keyspace: Keyspace) {
    this.#keyspace = keyspace
    keyspace.attached.add(this)
  }

  /**
   * In an owner: `onRollBack` is told what is to be done if the transaction that runs now is not committed; `monotonic` are
   * milliseconds of a clock that nobody sets, performance.now by default.
   */
  live(onRollBack: (undo: () => void) => void, monotonic?: () => number): void {
    this.#onRollBack = onRollBack
    if (monotonic) this.#monotonic = monotonic
  }

  /** Larger than all before it, also those before a restart: for places and tokens. */
  takeNumber(): number {
    if (this.#number === undefined) {
      const row = this.#keyspace.sql("SELECT value FROM meta WHERE name = 'task-number'").get()
      this.#number = (row as unknown as [number] | undefined)?.[0] ?? 0
    }
    this.#isNumberNew = true
    return ++this.#number
  }

  count(queue: string, state: number, by: number): void {
    const counts = this.#counts.get(queue) ?? []
    counts[state] = (counts[state] ?? 0) + by
    this.#counts.set(queue, counts)
  }

  flush(): void {
    if (this.#isNumberNew) {
      const write = `INSERT INTO meta (name, value) VALUES ('task-number', ?)
        ON CONFLICT (name) DO UPDATE SET value = excluded.value`
      this.#keyspace.sql(write).run(this.#number as number)
      this.#isNumberNew = false
    }
    for (const [queue, counts] of this.#counts) {
      for (const [state, by] of counts.entries()) if (by) this.#addCount(queue, state, by)
    }
    this.#counts.clear()
  }

  #addCount(queue: string, state: number, by: number): void {
    const add = `INSERT INTO task_counts VALUES (?, ?, ?)
      ON CONFLICT (queue, state) DO UPDATE SET jobs = jobs + excluded.jobs RETURNING jobs`
    const [jobs] = this.#keyspace.sql(add).get(queue, state, by) as unknown as [number]
    // There may be a queue for each user: one that has no job left leaves nothing behind.
    if (jobs === 0) this.#keyspace.sql('DELETE FROM task_counts WHERE queue = ? AND state = ?').run(queue, state)
  }

  forget(): void {
    this.#number = undefined
    this.#isNumberNew = false
    this.#counts.clear()
  }

  /**
   * Before anything is changed. The first time nobody is connected yet, and who was has some time to come back. Later leases move
   * with the clock when that is set: they are times that anybody can read, but nobody lives longer or shorter by it.
   */
  awake(now: number): void {
    const jumpMs = this.#jumpMs(now)
    if (this.#isAwake && jumpMs === 0 && !this.#wasRenewalLost) return
    const [isAwake, aheadMs, wasRenewalLost] = [this.#isAwake, this.#aheadMs, this.#wasRenewalLost]
    this.#onRollBack(() => {
      this.#isAwake = isAwake
      this.#aheadMs = aheadMs
      this.#wasRenewalLost ||= wasRenewalLost
    })
    this.#isAwake = true
    this.#aheadMs = now - this.#monotonic()
    this.#wasRenewalLost = false
    if (!isAwake) this.#wake(now)
    else if (jumpMs !== 0) this.#keyspace.sql('UPDATE task_workers SET lease_until = lease_until + ?').run(jumpMs)
    if (wasRenewalLost)
      this.#keyspace.sql('UPDATE task_workers SET lease_until = max(lease_until, ? + lease_ms)').run(now)
  }

  /** A lease is renewed in the transaction that runs now. */
  renews(): void {
    this.#onRollBack(() => {
      this.#wasRenewalLost = true
    })
  }

  /** Whether there are leases that go by a clock which was set since. */
  wasClockSet(now: number): boolean {
    return this.#isAwake && this.#jumpMs(now) !== 0
  }

  #jumpMs(now: number): number {
    const aheadMs = now - this.#monotonic()
    const jumpMs = Math.round(aheadMs - (this.#aheadMs ?? aheadMs))
    return Math.abs(jumpMs) < jumpMsMin ? 0 : jumpMs
  }

  #wake(now: number): void {
    this.#keyspace.sql('UPDATE task_workers SET lease_until = ?').run(now + comeBackMs)
    // The file was a snapshot, which has no workers: nobody else would look for what is active in it.
    const isLost = 'state = 4 AND worker NOT IN (SELECT name FROM task_workers)'
    const counts = this.#keyspace.sql(`SELECT queue, count(*) FROM task_jobs WHERE ${isLost} GROUP BY queue`).all()
    for (const [queue, jobs] of counts as unknown as [string, number][]) {
      this.count(queue, jobState.active, -jobs)
      this.count(queue, jobState.ready, jobs)
    }
    if (counts.length > 0) this.#keyspace.sql(`UPDATE task_jobs SET ${putBack} WHERE ${isLost}`).run()
  }

  /** A connection has ended. */
  leave(client: Client): void {
    if (this.connections.leave(client)) this.remind?.(0)
  }
}

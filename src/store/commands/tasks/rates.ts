/**
 * So many jobs of a key begin in a period (base/gcra.ts). Those that come too early get times, one behind the other, and are looked
 * at again then: else all of them would be, each time that one may begin. Who was given a time keeps it. If somebody begins late, all
 * times that were given are put off by that, and each learns of it when it is looked at; so nobody comes before those ahead of it.
 */
import { settledAfterUs, type TokenRate, takeTokens } from '../../../base/gcra.ts'
import type { JobRow } from './job-row.ts'
import type { TaskContext } from './task-space.ts'

export interface Rate {
  readonly key: string
  readonly count: number
  readonly periodMs: number
  readonly burst: number
}

// Who is later than that for its time gets a new one: not the rate has kept it, but a pause or a limit.
const lateUsMax = 10_000_000
// Who was passed over by more than so many is behind all again: those that are looked at with each turn are never more.
const passedMax = 10
// Behind thousands of others of a slow rate: all later ones have this time.
const timeMax = Number.MAX_SAFE_INTEGER

/** Times are microseconds since 1970. */
interface Kept {
  readonly units: number
  readonly atUs: number
  /** The last time that was given to somebody. */
  readonly reserved: number
  /** Times that were given are put off by so much since the first one. */
  readonly shift: number
  /** The latest time of those who have begun at theirs, without `shift`. */
  readonly begun: number
}

export interface Turn {
  /** When it may begin, in milliseconds since 1970. */
  readonly due: number
  /** Its time, without what times are put off by: to be kept with the job until it begins. */
  readonly rated: number
}

export function tokenRateOf({ count, periodMs, burst }: Rate): TokenRate {
  return { count, periodUs: periodMs * 1000, burst }
}

/** Undefined is now, and it has begun then. */
export function takeTurn(context: TaskContext, job: JobRow): Turn | undefined {
  if (job.rate === null) return undefined
  const rate = JSON.parse(job.rate) as Rate
  const tokens = tokenRateOf(rate)
  const nowUs = context.now * 1000
  const kept = load(context, rate.key)
  const { reserved, shift, begun } = kept ?? { reserved: 0, shift: 0, begun: 0 }
  const turn = job.rated > 0 ? job.rated + shift : undefined
  // Who comes later does not get the turn of those who wait for theirs.
  const isEarly = kept !== undefined && (turn ?? reserved) > nowUs
  const atUs = turn === undefined ? nowUs : countedAt(tokens, kept, { turn, nowUs })
  const { granted, waitUs, debt } = takeTokens(tokens, kept, { nowUs: atUs, needed: isEarly ? 0 : 1 })
  const next = { ...debt, reserved, shift, begun }
  if (granted > 0) {
    save(context, rate, { ...next, begun: Math.max(begun, job.rated) })
    return undefined
  }
  const free = Math.max(atUs + waitUs, nowUs + 1000)
  const isOver = turn !== undefined && (turn < nowUs - lateUsMax || job.rated < begun - passedMax * stepUs(tokens))
  if (turn === undefined || (isOver && !isEarly)) {
    const last = Math.min(Math.max(reserved + stepUs(tokens), free), timeMax)
    save(context, rate, { ...next, reserved: last })
    return turnAt(last, shift)
  }
  // One that was passed over puts nobody off: it has the next turn, with whoever has it too.
  const lateUs = isEarly || job.rated <= begun ? 0 : free - turn
  save(context, rate, { ...next, reserved: Math.max(reserved + lateUs, turn + lateUs), shift: shift + lateUs })
  return { due: Math.ceil((isEarly ? turn : free) / 1000), rated: job.rated }
}

/**
 * The same jobs, those of one rate in the order of their turns. What they are due at may say another: those further behind have not
 * learned yet that all times were put off.
 */
export function inTurn(jobs: readonly JobRow[]): readonly JobRow[] {
  const turns = Map.groupBy(jobs, keyOf)
  if (turns.size === jobs.length) return jobs
  for (const [key, those] of turns) if (key !== undefined) those.sort((one, other) => one.rated - other.rated)
  return jobs.map(job => turns.get(keyOf(job))?.shift() ?? job)
}

function keyOf({ rate, rated }: JobRow): string | undefined {
  return rate === null || rated === 0 ? undefined : (JSON.parse(rate) as Rate).key
}

function stepUs({ count, periodUs }: TokenRate): number {
  return Math.ceil(periodUs / count)
}

function turnAt(us: number, shift: number): Turn {
  return { due: Math.ceil(us / 1000), rated: Math.min(us - shift, timeMax) }
}

/**
 * A look that is a little late counts as if it were in time, so that what timers and claims take does not add up. No more than half
 * of the time between two: who is later has lost that time, or many would begin at once after a standstill.
 */
function countedAt(
  tokens: TokenRate,
  kept: Kept | undefined,
  { turn, nowUs }: { turn: number; nowUs: number },
): number {
  if (turn > nowUs || nowUs - turn > stepUs(tokens) / 2) return nowUs
  const fromUs = Math.max(turn, kept?.atUs ?? 0)
  const { left, waitUs } = takeTokens(tokens, kept, { nowUs: fromUs, needed: 0 })
  return Math.min(nowUs, left > 0 ? fromUs : fromUs + waitUs)
}

/** A clock that was set back takes the times that were given with it: nobody else waits until it is that late again. */
function load({ keyspace, now }: TaskContext, key: string): Kept | undefined {
  const row = keyspace.sql('SELECT units, at_us, reserved, shift, begun FROM task_rates WHERE key = ?').get(key)
  if (!row) return undefined
  const [units, atUs, reserved, shift, begun] = row as unknown as [number, number, number, number, number]
  const backUs = Math.max(0, atUs - now * 1000)
  return { units, atUs: atUs - backUs, reserved: reserved - backUs, shift: shift - backUs, begun }
}

function save({ keyspace }: TaskContext, rate: Rate, { units, atUs, reserved, shift, begun }: Kept): void {
  const lastUs = Math.min(reserved, timeMax)
  const settledAt = atUs + settledAfterUs(tokenRateOf(rate), { units, atUs })
  const ends = Math.ceil(Math.max(settledAt, lastUs) / 1000)
  keyspace
    .sql(
      'INSERT OR REPLACE INTO task_rates (key, units, at_us, reserved, shift, begun, ends) VALUES (?, ?, ?, ?, ?, ?, ?)',
    )
    .run(rate.key, units, atUs, lastUs, shift, begun, ends)
}

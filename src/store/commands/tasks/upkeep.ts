/** What happens by itself, with the time: in small slices, by claims and by the owner's sweeper. */
import type { Keyspace } from '../../database/keyspace.ts'
import { expire as expireJob, makeReady, removeJob } from './changes.ts'
import { type JobRow, selectJobs } from './job-row.ts'
import { inTurn } from './rates.ts'
import type { TaskContext } from './task-space.ts'
import { sweepUniques } from './uniques.ts'
import { endSession } from './workers.ts'

const atOnce = 50
const due = 'SELECT 1 FROM task_jobs WHERE state = 0 AND due <= ?1'
const overdue = 'SELECT 1 FROM task_jobs WHERE expires IS NOT NULL AND expires <= ?1'
const lost = 'SELECT 1 FROM task_workers WHERE lease_until <= ?1'
const kept = 'SELECT 1 FROM task_jobs WHERE state >= 5 AND due <= ?1'
const ended = 'SELECT 1 FROM task_uniques WHERE ends IS NOT NULL AND ends <= ?1'
const settled = 'SELECT 1 FROM task_rates WHERE ends <= ?1'
const isAny = `SELECT ${[due, overdue, lost, kept, ended, settled].map(each => `EXISTS (${each})`).join(' OR ')}`

/** Does what is to be done, for so many milliseconds at most; whether there may be more. */
export function upkeep(context: TaskContext, ms: number): boolean {
  if (!hasUpkeep(context.keyspace, context.now) && context.space.connections.gone.size === 0) return false
  const until = performance.now() + ms
  const steps = [endSessions, promote, expire, forgetFinished, forgetKeys]
  for (const step of steps) {
    while (step(context)) if (performance.now() > until) return true
  }
  return false
}

export function hasUpkeep(keyspace: Keyspace, now: number): boolean {
  return (keyspace.sql(isAny).get(now) as unknown as [number])[0] === 1
}

/** When there is something to do next, as far as it must not be late. */
export function nextUpkeep(keyspace: Keyspace): number | undefined {
  const times = [
    'SELECT min(due) FROM task_jobs WHERE state = 0',
    'SELECT min(expires) FROM task_jobs WHERE expires IS NOT NULL',
    'SELECT min(lease_until) FROM task_workers',
  ].map(text => (keyspace.sql(text).get() as unknown as [number | null])[0] ?? Number.POSITIVE_INFINITY)
  const next = Math.min(...times)
  return Number.isFinite(next) ? next : undefined
}

function endSessions(context: TaskContext): boolean {
  const { keyspace, space, now } = context
  const rows = keyspace.sql('SELECT name FROM task_workers WHERE lease_until <= ?').all(now) as unknown as [string][]
  for (const worker of new Set([...space.connections.gone, ...rows.map(([name]) => name)])) endSession(context, worker)
  return false
}

/** In the order of their times, and those of one rate in that of their turns. */
function promote(context: TaskContext): boolean {
  const jobs = dueJobs(context, 'state = 0 AND due <= ? ORDER BY due, seq')
  for (const job of inTurn(jobs)) makeReady(context, job)
  return jobs.length === atOnce
}

function expire(context: TaskContext): boolean {
  const jobs = dueJobs(context, 'expires IS NOT NULL AND expires <= ? ORDER BY expires')
  for (const job of jobs) expireJob(context, job)
  return jobs.length === atOnce
}

function forgetFinished(context: TaskContext): boolean {
  const jobs = dueJobs(context, 'state >= 5 AND due <= ? ORDER BY due')
  for (const job of jobs) removeJob(context, job)
  return jobs.length === atOnce
}

function forgetKeys(context: TaskContext): boolean {
  const isMore = sweepUniques(context, atOnce)
  const { changes } = context.keyspace
    .sql('DELETE FROM task_rates WHERE key IN (SELECT key FROM task_rates WHERE ends <= ? LIMIT ?)')
    .run(context.now, atOnce)
  return isMore || changes === atOnce
}

function dueJobs({ keyspace, now }: TaskContext, where: string): JobRow[] {
  return selectJobs(keyspace, `${where} LIMIT ${atOnce}`, now)
}

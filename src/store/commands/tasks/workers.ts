/** Sessions of workers: processes that run jobs. A lease holds all jobs of one. */
import type { Client } from '../../owner/client.ts'
import { ok, type Reply } from '../../resp/reply.ts'
import { integerOf } from '../arguments.ts'
import { type CommandContext, ownerOf } from '../command.ts'
import { finish, move } from './changes.ts'
import { errorText } from './gathers.ts'
import { type JobRow, jobState, selectJobs } from './job-row.ts'
import { enterName, ordersName } from './names.ts'
import { checkBytes, checkCount, name, nameOf, parseObject, refuse, text, texts, whole } from './shapes.ts'
import { type TaskContext, taskContextOf } from './task-space.ts'

const leaseMsMax = 24 * 3_600_000
// All of them are told to whoever enqueues by name.
const sessionBytesMax = 1024 ** 2
const sessionsMax = 10_000
// What it says of its tasks is for others who know what that is.
const tasks = { expected: 'a list', isOptional: true, isRight: Array.isArray }
const sessionShape = { worker: name, slot: name, pid: whole(0), host: text, pool: text, queues: texts, tasks }

export function enter(command: CommandContext, [, worker, slot, lease, info]: readonly Buffer[]): Reply {
  const leaseMs = leaseOf(lease)
  checkBytes(info, 'session', sessionBytesMax)
  parseObject(info, 'session', sessionShape)
  const own = nameOf(worker, 'worker')
  const place = nameOf(slot, 'slot')
  const count = 'SELECT count(*) FROM task_workers WHERE name <> ?'
  const [sessions] = command.keyspace.sql(count).get(own) as unknown as [number]
  checkCount(sessions, 'processes that run tasks', sessionsMax)
  const context = taskContextOf(command)
  const others = context.keyspace.sql('SELECT name FROM task_workers WHERE slot = ? AND name <> ?').all(place, own)
  for (const [other] of others as unknown as [string][]) endSession(context, other)
  context.keyspace
    .sql('INSERT OR REPLACE INTO task_workers (name, slot, info, lease_ms, lease_until) VALUES (?, ?, ?, ?, ?)')
    .run(own, place, String(info), leaseMs, context.now + leaseMs)
  context.space.connections.bind(own, ownerOf(command).client)
  context.space.remind?.(context.now + leaseMs)
  context.keyspace.touch(enterName(own))
  return ok
}

export function leave(command: CommandContext, [, worker]: readonly Buffer[]): Reply {
  endSession(taskContextOf(command), String(worker))
  return ok
}

/** What it is to abort; null when its session is over. Each is told once, and again over another connection. */
export function orders(command: CommandContext, [, worker, lease, wait]: readonly Buffer[]): Reply {
  const own = String(worker)
  const leaseMs = leaseOf(lease)
  const waitMs = integerOf(wait)
  const owner = ownerOf(command)
  const context = taskContextOf(command)
  if (!hasSession(context, own)) return null
  comeBack(context, own, owner.client)
  // Who asks is alive; who is woken may be suspended.
  if (!owner.hasWaited) {
    context.space.renews()
    context.keyspace
      .sql('UPDATE task_workers SET lease_ms = ?, lease_until = ? WHERE name = ?')
      .run(leaseMs, context.now + leaseMs, own)
    context.space.remind?.(context.now + leaseMs)
  }
  const cancel = takeCancelled(context, own)
  if (cancel.length === 0) return owner.waitFor([ordersName(own)], waitMs, Buffer.from('{"cancel":[]}'))
  return Buffer.from(JSON.stringify({ cancel }))
}

function takeCancelled({ keyspace }: TaskContext, worker: string): string[] {
  const rows = keyspace
    .sql('SELECT id FROM task_jobs WHERE state = 4 AND worker = ? AND cancelling = 1 ORDER BY token')
    .all(worker)
  if (rows.length === 0) return []
  keyspace.sql('UPDATE task_jobs SET cancelling = 2 WHERE state = 4 AND worker = ? AND cancelling = 1').run(worker)
  return (rows as unknown as [string][]).map(([id]) => id)
}

export function hasSession({ keyspace }: TaskContext, worker: string): boolean {
  return keyspace.sql('SELECT 1 FROM task_workers WHERE name = ?').get(worker) !== undefined
}

/** Over a new connection its lease begins anew, and it is told again what it may not have heard. */
function comeBack({ keyspace, now, space }: TaskContext, worker: string, client: Client): void {
  if (!space.connections.bind(worker, client)) return
  keyspace.sql('UPDATE task_workers SET lease_until = ? + lease_ms WHERE name = ?').run(now, worker)
  keyspace.sql('UPDATE task_jobs SET cancelling = 1 WHERE state = 4 AND worker = ? AND cancelling = 2').run(worker)
}

/** Its jobs are interrupted. */
export function endSession(context: TaskContext, worker: string): void {
  const { keyspace, space } = context
  keyspace.sql('DELETE FROM task_workers WHERE name = ?').run(worker)
  space.connections.unbind(worker)
  for (const job of selectJobs(keyspace, 'state = 4 AND worker = ? ORDER BY position', worker)) interrupt(context, job)
  keyspace.touch(ordersName(worker))
}

function interrupt(context: TaskContext, job: JobRow): void {
  const interruptions = job.interruptions + 1
  const counted = { interruptions, attempt: job.attempt - 1 }
  // Also of one that is not given to another: what is counted is that it has lost its worker.
  if (job.cancelling > 0) finish(context, job, { state: jobState.cancelled }, counted)
  else if (interruptions < job.interruptions_max) putBack(context, job, counted)
  else {
    const message = `Its worker was lost ${interruptions} times while it was active.`
    const error = errorText('WorkerLost', message, 'WORKER_LOST')
    finish(context, job, { state: jobState.dead, error }, counted)
  }
}

/** Ready again, in its old place. */
export function putBack(context: TaskContext, job: JobRow, counted: Partial<JobRow>): void {
  move(context, job, jobState.ready, { ...counted, worker: null, token: null, request: null, started: null })
}

function leaseOf(argument: Buffer | undefined): number {
  const leaseMs = integerOf(argument)
  if (leaseMs < 1 || leaseMs > leaseMsMax)
    throw refuse(`lease expected 1 to ${leaseMsMax} milliseconds, got ${leaseMs}`)
  return leaseMs
}

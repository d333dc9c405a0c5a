/** What operators do, and whoever has enqueued a job. */
import { ok, type Reply } from '../../resp/reply.ts'
import { integerOf } from '../arguments.ts'
import { type CommandContext, ownerOf } from '../command.ts'
import { change, finish, goOn, makeReady, move, removeJob, unblock } from './changes.ts'
import { completeOf, dropFailure, hasEndedByChild, hasFailures, missingOf, parentOf } from './gathers.ts'
import { findJob, isFinal, type JobRow, jobState, shownJob, wholeJob } from './job-row.ts'
import { limitKeysOf } from './limits.ts'
import { ordersName, queueName, versionName } from './names.ts'
import { type Filter, filterShape, findPage, json } from './queries.ts'
import { checkCount, checkShape, nameOf, optional, parseJson, texts } from './shapes.ts'
import { type TaskContext, taskContextOf } from './task-space.ts'
import { dropUnique, holdUniqueAgain } from './uniques.ts'

const changedMax = 1000
const pausedMax = 10_000

export function cancel(command: CommandContext, [, id]: readonly Buffer[]): Reply {
  const context = taskContextOf(command)
  const job = findJob(context.keyspace, String(id))
  if (!job) return null
  if (isFinal(job.state)) return json('finished')
  if (job.state !== jobState.active) {
    finish(context, job, { state: jobState.cancelled })
    return json('cancelled')
  }
  if (job.cancelling === 0) {
    change(context, job, { cancelling: 1 })
    context.keyspace.touch(ordersName(job.worker as string))
  }
  return json('asked')
}

/** The job when it has changed since this version. */
export function waitForJob(command: CommandContext, [, id, version, wait]: readonly Buffer[]): Reply {
  const known = integerOf(version)
  const waitMs = integerOf(wait)
  const job = findJob(command.keyspace, String(id))
  if (!job) return null
  if (job.version <= known) return ownerOf(command).waitFor([versionName(job.id, known)], waitMs, null)
  // One wakes the next of those who wait for the same.
  command.keyspace.touch(versionName(job.id, known))
  return json(shownJob(wholeJob(command.keyspace, job)))
}

export function pause(command: CommandContext, [, queue, paused]: readonly Buffer[]): Reply {
  const context = taskContextOf(command)
  const { keyspace } = context
  const own = nameOf(queue, 'queue')
  if (integerOf(paused) !== 0) {
    const [count] = keyspace.sql('SELECT count(*) FROM task_queues WHERE name <> ?').get(own) as unknown as [number]
    checkCount(count, 'paused queues', pausedMax)
    keyspace.sql('INSERT OR IGNORE INTO task_queues (name) VALUES (?)').run(own)
    // Those that would be next of their keys do not begin: others may.
    for (const key of limitKeysOf(context, own, jobState.ready)) unblock(context, key)
    return ok
  }
  keyspace.sql('DELETE FROM task_queues WHERE name = ?').run(own)
  for (const key of limitKeysOf(context, own, jobState.blocked)) unblock(context, key)
  keyspace.touch(queueName(own))
  return ok
}

/** Dead and cancelled jobs begin anew. Returns how many, and where to go on. */
export function retry(command: CommandContext, [, argument]: readonly Buffer[]): Reply {
  const states = ['dead', 'cancelled'] as const
  return changeEach(command, argument, {
    states,
    isFit: state => state === jobState.dead || state === jobState.cancelled,
    act: begin,
  })
}

/** Removes jobs that are not active; those that are not finished only if their states are named. Returns how many, and where to go on. */
export function remove(command: CommandContext, [, argument]: readonly Buffer[]): Reply {
  return changeEach(command, argument, {
    states: ['done', 'dead', 'cancelled'],
    isFit: (state, isNamed) => state !== jobState.active && (isNamed || isFinal(state)),
    act: (context, job) => {
      removeJob(context, job)
      if (job.unique_key !== null) dropUnique(context, job)
      return true
    },
  })
}

interface Work {
  /** Where no states are given. */
  readonly states: readonly (keyof typeof jobState)[]
  readonly isFit: (state: number, isNamed: boolean) => boolean
  /** Whether it counts. */
  readonly act: (context: TaskContext, job: JobRow) => boolean
}

function changeEach(command: CommandContext, argument: Buffer | undefined, { states, isFit, act }: Work): Reply {
  const which = whichOf(argument)
  const context = taskContextOf(command)
  const isNamed = 'states' in which
  const { ids, next } = 'ids' in which ? { ids: which.ids } : byFilter(context, { states, ...which })
  let count = 0
  for (const id of ids) {
    // One before it may have taken it along.
    const job = findJob(context.keyspace, id)
    if (job && isFit(job.state, isNamed) && act(context, job)) count++
  }
  return json({ count, cursor: next === undefined ? undefined : String(next) })
}

function whichOf(argument: Buffer | undefined): { readonly ids: readonly string[] } | Filter {
  const which = parseJson(argument, 'jobs')
  const hasIds = typeof which === 'object' && which !== null && 'ids' in which
  checkShape(which, 'jobs', hasIds ? { ids: texts } : { ...filterShape, ids: optional(texts) })
  return which as { readonly ids: readonly string[] } | Filter
}

function byFilter({ keyspace }: TaskContext, filter: Filter): { ids: readonly string[]; next?: number | undefined } {
  const { jobs, next } = findPage(keyspace, filter, filter.limit ?? changedMax)
  return { ids: jobs.map(({ id }) => id), next }
}

/**
 * With all its attempts. Not when another one has its unique key, or when what it gathers has failed: then that has to begin anew,
 * and it waits for it again.
 */
function begin(context: TaskContext, job: JobRow): boolean {
  if (hasFailures(context, job.id) || !holdUniqueAgain(context, job)) return false
  beginAnew(context, job)
  revive(context, job)
  return true
}

const fresh = { attempt: 0, interruptions: 0, cancelling: 0, finished: null, started: null, token: null, rated: 0 }

function beginAnew(context: TaskContext, job: JobRow): void {
  if (missingOf(context, job.id) > 0) return move(context, job, jobState.waiting, { ...fresh, due: null })
  const complete = completeOf(context, job)
  if (!complete) return makeReady(context, job, fresh)
  const ending = goOn(context, complete, fresh)
  if (ending) finish(context, ending.job, ending.end)
}

/** What has ended with it waits for it again, and so on, unless another one that it waits for has failed, too. */
function revive(context: TaskContext, job: JobRow): void {
  let child = job
  for (;;) {
    dropFailure(context, child)
    const parent = parentOf(context, child)
    if (!parent || !hasEndedByChild(context, parent) || hasFailures(context, parent.id)) return
    if (!holdUniqueAgain(context, parent)) return
    move(context, parent, jobState.waiting, { ...fresh, due: null, error: null })
    child = parent
  }
}

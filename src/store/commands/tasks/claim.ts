/** Gives a worker what is ready: the oldest of the smallest priority, of its first queue first. */
import type { Reply } from '../../resp/reply.ts'
import { integerOf } from '../arguments.ts'
import { type CommandContext, ownerOf } from '../command.ts'
import { activate, expire, finish, move } from './changes.ts'
import { type JobRow, jobState, selectJobs, shownJob, type WholeJob, wholeJob } from './job-row.ts'
import { isAlone, isBusy, isLastChance } from './last-chance.ts'
import { isOverLimit } from './limits.ts'
import { companyName, enterName, queueName } from './names.ts'
import { takeTurn } from './rates.ts'
import { name, parseList, refuse } from './shapes.ts'
import { type TaskContext, taskContextOf } from './task-space.ts'
import { upkeep } from './upkeep.ts'
import { hasSession } from './workers.ts'

const claimedMax = 1000
// Of one claim: those that cannot begin are set aside, and the rest is looked at in the next turn.
const lookedAtMax = 1000
// Of one answer, but for its first job.
const bytesMax = 8 * 1024 ** 2
const queuesMax = 1000
const upkeepMs = 3
// What has kept a worker from beginning may be gone without a word: a queue was paused, another worker was faster.
const lookAgainMs = 1000

interface Claim {
  readonly worker: string
  readonly queues: readonly string[]
  readonly free: number
  readonly request: string
}

/** A claim that rejects may have been carried out all the same: then the session should be left, and another one entered. */
export function claim(command: CommandContext, args: readonly Buffer[]): Reply {
  const [, worker, queues, free, wait, request] = args as readonly Buffer[]
  const own: Claim = {
    worker: String(worker),
    queues: queuesOf(queues),
    free: freeOf(free),
    request: String(request),
  }
  const waitMs = integerOf(wait)
  const owner = ownerOf(command)
  const context = taskContextOf(command)
  const names = own.queues.map(queueName)
  if (!hasSession(context, own.worker)) {
    // Whoever waits behind it is not to miss what has woken it.
    if (owner.hasWaited) for (const each of names) context.keyspace.touch(each)
    return owner.waitFor([enterName(own.worker)], waitMs, null)
  }
  const isNew = context.space.connections.claimOver(own.worker, owner.client)
  const given = isNew ? givenBefore(context, own) : []
  if (given.length > 0) return replyOf(given.map(job => wholeJob(context.keyspace, job)))
  upkeep(context, upkeepMs)
  const { jobs, isMore, isHeldBack } = take(context, own)
  if (jobs.length > 0) {
    wakeNext(context, own.queues)
    return replyOf(jobs)
  }
  // Not for the queues: what comes into them is for those who may begin it.
  const reply = isHeldBack
    ? owner.waitFor([companyName(own.worker)], waitMs, null, { wakeAfterMs: lookAgainMs })
    : owner.waitFor(names, waitMs, null)
  if (isMore || isHeldBack) for (const each of names) context.keyspace.touch(each)
  return reply
}

function queuesOf(argument: Buffer | undefined): readonly string[] {
  const queues = parseList<unknown>(argument, 'queues', queuesMax)
  if (queues.length === 0 || !queues.every(name.isRight)) throw refuse('queues expected a list of names')
  return queues as readonly string[]
}

function freeOf(argument: Buffer | undefined): number {
  const free = integerOf(argument)
  if (free < 1 || free > claimedMax) throw refuse(`free expected 1 to ${claimedMax}, got ${free}`)
  return free
}

function replyOf(jobs: readonly WholeJob[]): Buffer {
  return Buffer.from(JSON.stringify(jobs.map(shownJob)))
}

/** The answer was lost with its connection: the same again. */
function givenBefore({ keyspace }: TaskContext, { worker, request }: Claim): readonly JobRow[] {
  return selectJobs(keyspace, 'state = 4 AND worker = ? AND request = ? ORDER BY token', worker, request)
}

/** One wakes the next: so no more are woken than there are jobs. */
function wakeNext({ keyspace }: TaskContext, queues: readonly string[]): void {
  for (const queue of queues) {
    if (keyspace.sql('SELECT 1 FROM task_jobs WHERE state = 1 AND queue = ? LIMIT 1').get(queue)) {
      keyspace.touch(queueName(queue))
    }
  }
}

interface Taken {
  readonly jobs: readonly WholeJob[]
  readonly isMore: boolean
  /** One of two would have to be alone: what runs here, or what is next. */
  readonly isHeldBack: boolean
}

function take(context: TaskContext, own: Claim): Taken {
  const jobs: WholeJob[] = []
  if (isAlone(context, own.worker)) return { jobs, isMore: false, isHeldBack: true }
  let lookedAt = 0
  let bytes = 0
  for (const queue of own.queues) {
    if (isPaused(context, queue)) continue
    while (jobs.length < own.free) {
      if (lookedAt >= lookedAtMax) return { jobs, isMore: true, isHeldBack: false }
      const found = nextOf(context, queue, Math.min(own.free - jobs.length, lookedAtMax - lookedAt))
      if (found.length === 0) break
      for (const job of found) {
        bytes += job.bytes
        if (jobs.length > 0 && bytes > bytesMax) return { jobs, isMore: true, isHeldBack: false }
        lookedAt++
        const what = lookAt(context, job, own.worker)
        if (what === 'begins') jobs.push(activate(context, job, own))
        const isToBeAlone = what === 'begins' && isLastChance(job)
        if (isToBeAlone || what === 'held back') return { jobs, isMore: false, isHeldBack: true }
      }
    }
  }
  return { jobs, isMore: false, isHeldBack: false }
}

function isPaused({ keyspace }: TaskContext, queue: string): boolean {
  return keyspace.sql('SELECT 1 FROM task_queues WHERE name = ?').get(queue) !== undefined
}

function nextOf({ keyspace }: TaskContext, queue: string, count: number): JobRow[] {
  return selectJobs(keyspace, 'state = 1 AND queue = ? ORDER BY priority, position LIMIT ?', queue, count)
}

/** `aside`: it has gone from those that are ready, for another reason than that it begins. */
function lookAt(context: TaskContext, job: JobRow, worker: string): 'begins' | 'aside' | 'held back' {
  if (job.expires !== null && job.expires <= context.now) {
    expire(context, job)
    return 'aside'
  }
  // A snapshot was restored that was taken between the wish and the end of its run.
  if (job.cancelling > 0) {
    finish(context, job, { state: jobState.cancelled })
    return 'aside'
  }
  if (isOverLimit(context, job)) {
    move(context, job, jobState.blocked)
    return 'aside'
  }
  if (isLastChance(job) && isBusy(context, worker)) return 'held back'
  const turn = takeTurn(context, job)
  if (turn !== undefined) {
    move(context, job, jobState.scheduled, { ...turn })
    return 'aside'
  }
  return 'begins'
}

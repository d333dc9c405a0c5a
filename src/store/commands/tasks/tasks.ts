/**
 * The commands of the task engine: src/tasks/engine/task-engine.ts calls them, and says what each promises. All are about one
 * space of tasks a store; its key is only a name here, which on Redis stands before all that they keep.
 */
import type { Reply } from '../../resp/reply.ts'
import { type Command, type CommandContext, type Flag, oneKey } from '../command.ts'
import { claim } from './claim.ts'
import { enqueueJobs } from './enqueue.ts'
import { newJobsOf } from './new-job.ts'
import { cancel, pause, remove, retry, waitForJob } from './operators.ts'
import { counts, get, json, list, queues, workers } from './queries.ts'
import { done, fail, giveBack, progress } from './results.ts'
import { fire, schedule, schedules, unschedule } from './schedules.ts'
import { taskContextOf } from './task-space.ts'
import { enter, leave, orders } from './workers.ts'

type Row = readonly [
  name: string,
  usage: string,
  flags: readonly Flag[],
  summary: string,
  run: (context: CommandContext, args: readonly Buffer[]) => Reply,
]

const kept: readonly Flag[] = ['write', 'synced']
const write: readonly Flag[] = ['write']
// Whoever ends jobs makes room: what is finished is removed after a time.
const frees: readonly Flag[] = ['write', 'frees']
const waits: readonly Flag[] = ['write', 'frees', 'waits']
const read: readonly Flag[] = ['readonly']
const readOnce: readonly Flag[] = ['readonly', 'single']

const rows: readonly Row[] = [
  ['enqueue', 'jobs', kept, 'Adds jobs, all or none, on the disk when it answers: what became of each.', enqueue],
  [
    'claim',
    'worker queues free wait-ms request',
    waits,
    'Gives a worker up to so many ready jobs of these queues; waits for one.',
    claim,
  ],
  [
    'enter',
    'worker slot lease-ms session',
    write,
    'A process that runs jobs begins; others of its slot are over.',
    enter,
  ],
  [
    'orders',
    'worker lease-ms wait-ms request',
    waits,
    'Renews a session, and waits for jobs that are to be aborted; null when it is over.',
    orders,
  ],
  ['leave', 'worker', frees, 'Ends a session: its jobs are interrupted.', leave],
  ['done', 'worker jobs', frees, 'Jobs have been done, with their results: ok or lost for each.', done],
  ['fail', 'worker jobs', frees, 'Jobs have failed, and are tried again or dead: ok or lost for each.', fail],
  ['return', 'worker jobs', frees, 'Gives jobs back, as if they had not begun: ok or lost for each.', giveBack],
  ['progress', 'worker id token progress', write, 'How far a job is: ok or lost.', progress],
  ['cancel', 'id', frees, 'Cancels a job, or asks its worker to: cancelled, asked, finished, or null.', cancel],
  [
    'wait',
    'id version wait-ms request',
    ['owner', 'waits'],
    'A job when it has changed since a version; null when the time is over.',
    waitForJob,
  ],
  ['get', 'id', readOnce, 'A job, or null.', get],
  ['list', 'filter', read, 'Jobs, the newest first, and a cursor if there may be more.', list],
  ['retry', 'jobs', write, 'Begins dead and cancelled jobs anew, by ids or a filter: how many.', retry],
  ['remove', 'jobs', frees, 'Removes jobs, by ids or a filter: how many.', remove],
  ['pause', 'queue paused', frees, 'Nothing of a queue begins (1), or it does again (0).', pause],
  ['queues', '', readOnce, 'All queues, and how many jobs they have.', queues],
  ['counts', '', readOnce, 'How many jobs there are in each state.', counts],
  ['workers', '', readOnce, 'All sessions.', workers],
  ['schedule', 'name schedule', kept, 'Sets when jobs are enqueued again and again: new, changed or same.', schedule],
  ['unschedule', 'name', frees, 'Ends a schedule; whether there was one.', unschedule],
  ['schedules', '', readOnce, 'All schedules, and the time.', schedules],
  ['fire', 'name slot options', kept, 'Enqueues the jobs of a slot, once: fired, late or skipped.', fire],
]

export const tasks: readonly Command[] = rows.map(([name, usage, flags, summary, run]) => ({
  name: `saola.task.${name}`,
  summary,
  usage: `key ${usage}`.trim(),
  arity: 1 + usage.split(' ').filter(word => word !== '').length,
  flags,
  keys: oneKey,
  run,
}))

function enqueue(command: CommandContext, [, argument]: readonly Buffer[]): Reply {
  const jobs = newJobsOf(argument)
  return json(enqueueJobs(taskContextOf(command), jobs))
}

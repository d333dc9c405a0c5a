/** When tasks run again and again. A slot of a schedule fires once, for whoever comes first with the right one. */
import type { Reply } from '../../resp/reply.ts'
import { integerOf } from '../arguments.ts'
import type { CommandContext } from '../command.ts'
import { CommandError } from '../command-error.ts'
import { enqueueJobs } from './enqueue.ts'
import { findJob, isFinal } from './job-row.ts'
import { jobShape, jobsMax, type NewJob, templateShape } from './new-job.ts'
import { json } from './queries.ts'
import {
  checkBytes,
  checkCount,
  checkList,
  inner,
  name,
  nameOf,
  parseObject,
  type Rule,
  text,
  truth,
  whole,
} from './shapes.ts'
import { taskContextOf } from './task-space.ts'

interface Schedule {
  readonly name: string
  readonly spec: string
  readonly job: object
  readonly next: number
}

interface Fire {
  readonly next: number
  readonly jobs: readonly NewJob[]
  readonly mayOverlap: boolean
}

// Whoever looks what is due reads all of them at once.
const schedulesMax = 10_000
const scheduleBytesMax = 1024 ** 2
const allBytesMax = 32 * 1024 ** 2
const sizes = 'SELECT count(*), total(octet_length(spec) + octet_length(job)) FROM task_schedules WHERE name <> ?'

const anything: Rule = { expected: 'a list', isRight: Array.isArray }
const scheduleShape = { name, spec: text, job: inner(templateShape), next: whole(0) }
const fireShape = { next: whole(0), jobs: anything, mayOverlap: truth }

export function schedule({ keyspace }: CommandContext, [, id, argument]: readonly Buffer[]): Reply {
  const own = nameOf(id, 'name')
  checkBytes(argument, 'schedule', scheduleBytesMax)
  const given = parseObject<Schedule>(argument, 'schedule', scheduleShape)
  const job = JSON.stringify(given.job)
  const before = keyspace.sql('SELECT spec, job FROM task_schedules WHERE name = ?').get(own)
  const [spec, template] = (before ?? []) as unknown as [string?, string?]
  if (spec === given.spec && template === job) return json('same')
  const [count, bytes] = keyspace.sql(sizes).get(own) as unknown as [number, number]
  checkCount(count, 'schedules', schedulesMax)
  if (bytes + Buffer.byteLength(given.spec) + Buffer.byteLength(job) > allBytesMax) throw tooLarge(bytes)
  keyspace
    .sql(
      `INSERT INTO task_schedules (name, spec, job, next) VALUES (?, ?, ?, ?)
       ON CONFLICT (name) DO UPDATE SET spec = excluded.spec, job = excluded.job, next = excluded.next`,
    )
    .run(own, given.spec, job, given.next)
  return json(before ? 'changed' : 'new')
}

function tooLarge(bytes: number): CommandError {
  const message = `all schedules together expected at most ${allBytesMax} bytes, and there are ${bytes} without this one`
  return new CommandError('STORE_VALUE_TOO_LARGE', message)
}

export function unschedule({ keyspace }: CommandContext, [, id]: readonly Buffer[]): Reply {
  return json(keyspace.sql('DELETE FROM task_schedules WHERE name = ?').run(String(id)).changes > 0)
}

export function schedules({ keyspace, now }: CommandContext): Reply {
  const rows = keyspace.sql('SELECT name, spec, job, next, last, last_job FROM task_schedules ORDER BY name').all()
  const list = (rows as unknown as [string, string, string, number, number | null, string | null][]).map(
    ([own, spec, job, next, last, lastJob]) => ({
      ...{ name: own, spec, job: JSON.parse(job), next },
      ...{ last: last ?? undefined, lastJob: lastJob ?? undefined },
    }),
  )
  return json({ now, schedules: list })
}

export function fire(command: CommandContext, [, id, slot, argument]: readonly Buffer[]): Reply {
  const own = String(id)
  const at = integerOf(slot)
  const { next, jobs, mayOverlap } = parseObject<Fire>(argument, 'fire', fireShape)
  checkList(jobs, 'fire.jobs', jobsMax, jobShape)
  const context = taskContextOf(command)
  const { keyspace } = context
  const row = keyspace.sql('SELECT next, last_job FROM task_schedules WHERE name = ?').get(own)
  const [due, lastJob] = (row ?? []) as unknown as [number?, (string | null)?]
  if (due !== at) return json('late')
  keyspace.sql('UPDATE task_schedules SET next = ? WHERE name = ?').run(next, own)
  const last = lastJob ? findJob(keyspace, lastJob) : undefined
  if (!mayOverlap && last && !isFinal(last.state)) return json('skipped')
  const enqueued = enqueueJobs(context, jobs).at(-1)
  // Without jobs the slot was given up; what ran before may still go on.
  keyspace
    .sql('UPDATE task_schedules SET last = ?, last_job = coalesce(?, last_job) WHERE name = ?')
    .run(at, enqueued?.id ?? null, own)
  return json('fired')
}

/** What the files of the suite share. Each has one function, which registers its tests for one engine. */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { type OpenEngine, openSubject } from '../../../store/conformance/setup.ts'
import type { Job, NewJob } from '../job.ts'
import { type Session, TaskEngine } from '../task-engine.ts'

export type { OpenEngine }

export type ClaimedJob = Job & { readonly token: number }

export interface Subject {
  readonly tasks: TaskEngine
  /** As another process has it. */
  other(): TaskEngine
  /** Lets so many milliseconds go by. */
  pass(ms: number): Promise<void>
  /** For properties. */
  readonly runs: number
}

/** So long nothing has to come; long enough for what should not come to do so. */
export const nothingMs = 40
/** A lease that does not end during a test. */
export const longMs = 60_000
const letters = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
let idNext = 0

export async function openTasks(open: OpenEngine, t: TestContext): Promise<Subject> {
  let opened: Awaited<ReturnType<OpenEngine>> | undefined
  const { engine, pass, runs } = await openSubject(async (...args) => {
    opened = await open(...args)
    return opened
  }, t)
  const other = () => new TaskEngine((opened as NonNullable<typeof opened>).openOther())
  return { tasks: new TaskEngine(engine), other, pass, runs }
}

/** Larger than all before it. */
export function nextId(): string {
  let left = idNext++
  let id = ''
  for (let i = 0; i < 8; i++) {
    id = `${letters[left % 32]}${id}`
    left = Math.floor(left / 32)
  }
  return `01J0000000000000${id.padStart(10, '0')}`
}

/** A job as ordinary as can be, but for what is given. */
export function newJob(own: Partial<NewJob> = {}): NewJob {
  return {
    id: nextId(),
    task: 'task',
    queue: 'q',
    priority: 5,
    payload: '{}',
    attempts: 3,
    interruptionsMax: 3,
    softMs: 0,
    hardMs: 0,
    resultMs: longMs,
    failureMs: longMs,
    ...own,
  }
}

/** Enqueues one, and returns its id. */
export async function add(tasks: TaskEngine, own: Partial<NewJob> = {}): Promise<string> {
  const job = newJob(own)
  await tasks.enqueue([job])
  return job.id
}

export async function enter(
  tasks: TaskEngine,
  worker = 'w',
  own: Partial<Session> = {},
  leaseMs = longMs,
): Promise<void> {
  await tasks.enter(
    { worker, slot: `slot of ${worker}`, pid: 1, host: 'h', pool: 'io', queues: ['q'], ...own },
    leaseMs,
  )
}

interface Taking {
  readonly worker?: string
  readonly queues?: readonly string[]
  readonly free?: number
  readonly timeoutMs?: number
}

/** What a worker is given; nothing when nothing comes. */
export async function take(tasks: TaskEngine, own: Taking = {}): Promise<readonly ClaimedJob[]> {
  const { worker = 'w', queues = ['q'], free = 1, timeoutMs = nothingMs } = own
  return (await tasks.claim(worker, { queues, free }, { timeoutMs })) ?? []
}

export async function takeOne(tasks: TaskEngine, own: Taking = {}): Promise<ClaimedJob> {
  const [job, ...more] = await take(tasks, { timeoutMs: 10_000, ...own })
  assert.ok(job, 'a job comes')
  assert.equal(more.length, 0)
  return job
}

/** Ids of all that can be had. */
export async function takeAll(tasks: TaskEngine, own: Taking = {}): Promise<string[]> {
  return (await take(tasks, { free: 1000, ...own })).map(({ id }) => id)
}

export async function stateOf(tasks: TaskEngine, id: string): Promise<string | undefined> {
  return (await tasks.get(id))?.state
}

export const failure = { name: 'Error', message: 'it went wrong' }

/** Answers 'ok' for a job that is given up by its worker. */
export async function fail(
  tasks: TaskEngine,
  job: ClaimedJob,
  retryMs: number | null = 0,
  worker = 'w',
): Promise<void> {
  const verdicts = await tasks.fail(worker, [{ id: job.id, token: job.token, error: failure, retryMs }])
  assert.deepEqual(verdicts, ['ok'])
}

export async function done(tasks: TaskEngine, job: ClaimedJob, result?: string, worker = 'w'): Promise<void> {
  assert.deepEqual(await tasks.done(worker, [{ id: job.id, token: job.token, result }]), ['ok'])
}

/** The job as soon as it is in this state. */
export async function until(tasks: TaskEngine, id: string, state: string): Promise<Job> {
  let job = await tasks.get(id)
  while (job && job.state !== state) job = await tasks.waitFor(id, job.version, { timeoutMs: 10_000 })
  assert.ok(job, `${id} becomes ${state}`)
  return job
}

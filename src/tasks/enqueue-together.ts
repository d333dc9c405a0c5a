/**
 * What is enqueued in one turn of the loop goes to the store in one call, which costs a fraction of many: a server that answers
 * hundreds of requests at once has its jobs on the disk together.
 *
 * Each caller hears of its own jobs. When the store refuses a call, whose jobs are the reason shows when they are sent one caller
 * after the other: the ids are the same, so what is sent twice counts once.
 */
import { codeOf } from '../base/errors.ts'
import type { Enqueued, NewJob } from './engine/job.ts'
import type { TaskEngine } from './engine/task-engine.ts'

type Enqueuer = Pick<TaskEngine, 'enqueue'>

interface Part {
  readonly jobs: readonly NewJob[]
  settle(enqueued: readonly Enqueued[]): void
  refuse(error: unknown): void
}

interface Turn {
  readonly parts: Part[]
  jobs: number
  letters: number
}

// A call is one step of the store, in which nobody else is served. Of several the store makes one write to the disk all the same, and
// begins with the first while the next is being made.
const jobsMax = 32
const lettersMax = 1024 ** 2
/** These are of the store, and not of what it was given. */
const ofTheStore = new Set([
  ...['STORE_UNAVAILABLE', 'STORE_TIMEOUT', 'STORE_BUSY', 'STORE_CLOSED', 'STORE_DISK_FULL', 'STORE_FULL'],
])
const turns = new WeakMap<Enqueuer, Turn>()

/** As `engine.enqueue`, together with others of this turn. */
export function enqueueTogether(engine: Enqueuer, jobs: readonly NewJob[]): Promise<readonly Enqueued[]> {
  const { promise, resolve, reject } = Promise.withResolvers<readonly Enqueued[]>()
  const letters = jobs.reduce((sum, { payload }) => sum + payload.length, 0)
  const turn = turnFor(engine, { jobs: jobs.length, letters })
  turn.parts.push({ jobs, settle: resolve, refuse: reject })
  turn.jobs += jobs.length
  turn.letters += letters
  return promise
}

function turnFor(engine: Enqueuer, { jobs, letters }: Omit<Turn, 'parts'>): Turn {
  const open = turns.get(engine)
  if (open && open.jobs + jobs <= jobsMax && open.letters + letters <= lettersMax) return open
  if (open) close(engine, open)
  const turn: Turn = { parts: [], jobs: 0, letters: 0 }
  turns.set(engine, turn)
  // Behind all that has arrived in this turn.
  setImmediate(() => close(engine, turn))
  return turn
}

/** Sends it, if that was not done because it was full. */
function close(engine: Enqueuer, turn: Turn): void {
  const parts = turn.parts.splice(0)
  if (turns.get(engine) === turn) turns.delete(engine)
  if (parts.length > 0) void send(engine, parts)
}

async function send(engine: Enqueuer, parts: readonly Part[]): Promise<void> {
  try {
    const enqueued = await engine.enqueue(parts.flatMap(({ jobs }) => jobs))
    let from = 0
    for (const { jobs, settle } of parts) {
      settle(enqueued.slice(from, from + jobs.length))
      from += jobs.length
    }
  } catch (error) {
    const isOfOne = parts.length > 1 && !ofTheStore.has(codeOf(error) ?? '')
    for (const part of parts) {
      if (isOfOne) await send(engine, [part])
      else part.refuse(error)
    }
  }
}

/** What is asked about tasks; any process can answer it from its own view of the file. */
import type { SQLInputValue } from 'node:sqlite'
import type { Keyspace } from '../../database/keyspace.ts'
import type { Reply } from '../../resp/reply.ts'
import type { CommandContext } from '../command.ts'
import { findWholeJob, type JobRow, jobState, selectJobs, shownJob, stateNames } from './job-row.ts'
import { withTexts } from './job-texts.ts'
import { name, optional, parseObject, refuse, type Shape, text, whole } from './shapes.ts'

export interface Filter {
  readonly states?: readonly (keyof typeof jobState)[]
  readonly task?: string
  readonly queue?: string
  readonly limit?: number
  readonly cursor?: string
  readonly textBytesMax?: number
}

/** Newest first, without their texts, and where to go on. */
interface Page {
  readonly jobs: readonly JobRow[]
  readonly next: number | undefined
}

const textBytesMaxMax = 1024 ** 2
export const filterShape: Shape = {
  states: optional({
    expected: `a list of ${stateNames.join(', ')}`,
    isRight: value => Array.isArray(value) && value.every(each => stateNames.includes(each)),
  }),
  task: optional(name),
  queue: optional(name),
  limit: optional(whole(1, 1000)),
  cursor: optional(text),
  textBytesMax: optional(whole(0, textBytesMaxMax)),
}

const limitDefault = 100
// So many are looked at, when there is no index for what is asked: the answer has fewer then, and a cursor.
const windowRows = 10_000
/** There may be millions of the others, and there is no index of their order. */
const heldStates: readonly number[] = [0, 2, 3, 4, 6, 7]

export function json(value: unknown): Reply {
  return Buffer.from(JSON.stringify(value))
}

export function get({ keyspace }: CommandContext, [, id]: readonly Buffer[]): Reply {
  const job = findWholeJob(keyspace, String(id))
  return job ? json(shownJob(job)) : null
}

export function list({ keyspace }: CommandContext, [, argument]: readonly Buffer[]): Reply {
  const filter = parseObject<Filter>(argument, 'filter', filterShape)
  const page = findPage(keyspace, filter, filter.limit ?? limitDefault)
  const jobs = withTexts(keyspace, page.jobs, filter.textBytesMax)
  const next = jobs.length < page.jobs.length ? jobs.at(-1)?.seq : page.next
  return json({ jobs: jobs.map(shownJob), cursor: next === undefined ? undefined : String(next) })
}

/** As many as are found at once: fewer than `limit`, with more behind them, when few of very many are looked for. */
export function findPage(keyspace: Keyspace, filter: Filter, limit: number): Page {
  const before = filter.cursor === undefined ? Number.MAX_SAFE_INTEGER : Number(filter.cursor)
  if (!Number.isSafeInteger(before)) throw refuse('filter.cursor expected one of an earlier answer')
  const states = filter.states?.map(state => jobState[state] as number)
  return states?.every(state => heldStates.includes(state))
    ? findHeld(keyspace, { filter, states, before, limit })
    : findInWindow(keyspace, { filter, states, before, limit })
}

interface Search {
  readonly filter: Filter
  readonly states: readonly number[] | undefined
  readonly before: number
  readonly limit: number
}

function findHeld(keyspace: Keyspace, { filter, states = [], before, limit }: Search): Page {
  const { where, values } = conditionOf(filter)
  // As a literal, and with the condition of the index, so that SQLite sees which one has them.
  const wanted = [...new Set(states)].map(ofHeld)
  // Where nothing else is asked for, none is looked at in vain.
  const ends = values.length === 0 ? [] : wanted.map(ofState => endOfWindow(keyspace, ofState, before))
  const end = Math.max(0, ...ends)
  const found = wanted.flatMap(ofState => {
    const condition = `${ofState} AND seq < ? AND seq >= ? ${where} ORDER BY seq DESC LIMIT ?`
    return selectJobs(keyspace, condition, before, end, ...values, limit)
  })
  const jobs = found.toSorted((one, other) => other.seq - one.seq).slice(0, limit)
  return pageOf(jobs, limit, end)
}

function ofHeld(state: number): string {
  return state === jobState.active ? 'state = 4' : `state = ${state} AND state IN (0, 2, 3, 6, 7)`
}

function findInWindow(keyspace: Keyspace, { filter, states, before, limit }: Search): Page {
  const { where, values } = conditionOf(filter)
  const end = endOfWindow(keyspace, 'true', before)
  // A number of bits, so that the text of the statement does not depend on which states.
  const bits = states?.reduce((all, state) => all | (1 << state), 0) ?? -1
  const condition = `seq < ? AND seq >= ? AND (? >> state) & 1 ${where} ORDER BY seq DESC LIMIT ?`
  return pageOf(selectJobs(keyspace, condition, before, end, bits, ...values, limit), limit, end)
}

/** The last of so many before this one; 0 when there are fewer. */
function endOfWindow(keyspace: Keyspace, ofState: string, before: number): number {
  const text = `SELECT seq FROM task_jobs WHERE ${ofState} AND seq < ? ORDER BY seq DESC LIMIT 1 OFFSET ?`
  const row = keyspace.sql(text).get(before, windowRows - 1) as unknown as [number] | undefined
  return row?.[0] ?? 0
}

function pageOf(jobs: readonly JobRow[], limit: number, end: number): Page {
  if (jobs.length === limit) return { jobs, next: jobs.at(-1)?.seq }
  return { jobs, next: end > 0 ? end : undefined }
}

function conditionOf({ task, queue }: Filter): { where: string; values: SQLInputValue[] } {
  const where = `${task === undefined ? '' : 'AND task = ?'} ${queue === undefined ? '' : 'AND +queue = ?'}`
  return { where, values: [task, queue].filter(value => value !== undefined) }
}

type CountRow = [queue: string, state: number, jobs: number]

function countsOf({ keyspace, owner }: CommandContext): CountRow[] {
  // In the owner, what this turn has changed is not written yet.
  if (owner) keyspace.flush()
  return keyspace.sql('SELECT queue, state, jobs FROM task_counts WHERE jobs > 0').all() as unknown as CountRow[]
}

export function counts(context: CommandContext): Reply {
  const sums = Object.fromEntries(stateNames.map(state => [state, 0]))
  for (const [, state, jobs] of countsOf(context))
    sums[stateNames[state] as string] = (sums[stateNames[state] as string] ?? 0) + jobs
  return json(sums)
}

export function queues(context: CommandContext): Reply {
  const { keyspace } = context
  const byName = new Map<string, { name: string; isPaused: boolean } & Record<string, unknown>>()
  const infoOf = (queue: string) => {
    const info = byName.get(queue) ?? { name: queue, isPaused: false, scheduled: 0, ready: 0, blocked: 0, active: 0 }
    byName.set(queue, info)
    return info
  }
  for (const [queue, state, jobs] of countsOf(context)) {
    const info = infoOf(queue)
    const word = stateNames[state] as string
    if (word in info) info[word] = jobs
  }
  for (const [queue] of keyspace.sql('SELECT name FROM task_queues').all() as unknown as [string][]) {
    infoOf(queue).isPaused = true
  }
  return json([...byName.values()].sort((one, other) => (one.name < other.name ? -1 : 1)))
}

export function workers({ keyspace }: CommandContext): Reply {
  const rows = keyspace
    .sql(
      `SELECT name, info, lease_until, (SELECT count(*) FROM task_jobs WHERE state = 4 AND worker = task_workers.name)
       FROM task_workers ORDER BY name`,
    )
    .all() as unknown as [string, string, number, number][]
  return json(
    rows.map(([worker, info, leaseUntil, active]) => {
      const { slot, pid, host, pool, queues: names, tasks } = JSON.parse(info)
      return { name: worker, slot, pid, host, pool, queues: names, tasks, leaseUntil, active }
    }),
  )
}

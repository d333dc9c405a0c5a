/** A job as it lies in the table `task_jobs`, and as it is answered: the shape that src/tasks/engine/job.ts describes. */
import type { SQLInputValue } from 'node:sqlite'
import type { Keyspace } from '../../database/keyspace.ts'

/** As numbers, which the indexes of the table name, too: the last three are final. */
export const jobState = {
  scheduled: 0,
  ready: 1,
  blocked: 2,
  waiting: 3,
  active: 4,
  done: 5,
  dead: 6,
  cancelled: 7,
} as const

export const stateNames = Object.keys(jobState) as readonly (keyof typeof jobState)[]

export function isFinal(state: number): boolean {
  return state >= jobState.done
}

/** How a job ends. */
export interface End {
  readonly state: 5 | 6 | 7
  readonly result?: string | null
  /** JSON. */
  readonly error?: string | null
}

/**
 * The columns that decide what becomes of a job, by their names. Its texts are not here: with them a thousand rows may be
 * gigabytes.
 */
export interface JobRow {
  readonly seq: number
  readonly id: string
  readonly task: string
  readonly queue: string
  state: number
  priority: number
  /** Its place among those of its priority. */
  position: number
  /** Scheduled: when it is ready; finished: when it is removed. */
  due: number | null
  /** Cancelled then if it has not begun. */
  expires: number | null
  attempt: number
  attempts: number
  interruptions: number
  interruptions_max: number
  created: number
  started: number | null
  finished: number | null
  worker: string | null
  token: number | null
  /** The claim that has got it, by its name: it gets the same when it is sent again. */
  request: string | null
  /** 1: somebody wants it to be cancelled; 2: its worker was told. */
  cancelling: number
  version: number
  soft_ms: number
  hard_ms: number
  result_ms: number
  failure_ms: number
  unique_key: string | null
  limit_key: string | null
  limit_max: number | null
  /** JSON. */
  rate: string | null
  /** 1: it has waited for its turn of the rate already. */
  rated: number
  parent: string | null
  parent_index: number | null
  /** Of its texts. */
  bytes: number
}

/** Of any size, and only read for an answer. */
export interface JobTexts {
  /** JSON, as all of them. */
  context: string | null
  error: string | null
  progress: string | null
  payload: string
  result: string | null
}

export type WholeJob = JobRow & JobTexts

const columnNames = [
  ...['seq', 'id', 'task', 'queue', 'state', 'priority', 'position', 'due', 'expires', 'attempt', 'attempts'],
  ...[
    'interruptions',
    'interruptions_max',
    'created',
    'started',
    'finished',
    'worker',
    'token',
    'request',
    'cancelling',
  ],
  ...[
    'version',
    'soft_ms',
    'hard_ms',
    'result_ms',
    'failure_ms',
    'unique_key',
    'limit_key',
    'limit_max',
    'rate',
    'rated',
  ],
  ...['parent', 'parent_index'],
] as readonly (keyof JobRow)[]
const textNames = ['context', 'error', 'progress', 'payload', 'result'] as const

// SQLite knows how long a text is without reading it: large ones lie on pages of their own.
const bytes = textNames.map(name => `ifnull(octet_length(${name}), 0)`).join(' + ')
const jobColumns = [...columnNames, bytes].join(', ')
/** Of JobTexts, in the order of `withTexts`. */
export const textColumns = textNames.join(', ')
const rowLength = columnNames.length + 1
const insertNames = [...columnNames, ...textNames] as const
const insert = `INSERT INTO task_jobs (${insertNames.join(', ')}) VALUES (${insertNames.map(() => '?').join(', ')})`

/** Written out: of a row that is put together name by name the engine of JavaScript makes ten times the work. */
function rowOf(values: unknown): JobRow {
  const list = values as readonly never[]
  return {
    seq: list[0] as never,
    id: list[1] as never,
    task: list[2] as never,
    queue: list[3] as never,
    state: list[4] as never,
    priority: list[5] as never,
    position: list[6] as never,
    due: list[7] as never,
    expires: list[8] as never,
    attempt: list[9] as never,
    attempts: list[10] as never,
    interruptions: list[11] as never,
    interruptions_max: list[12] as never,
    created: list[13] as never,
    started: list[14] as never,
    finished: list[15] as never,
    worker: list[16] as never,
    token: list[17] as never,
    request: list[18] as never,
    cancelling: list[19] as never,
    version: list[20] as never,
    soft_ms: list[21] as never,
    hard_ms: list[22] as never,
    result_ms: list[23] as never,
    failure_ms: list[24] as never,
    unique_key: list[25] as never,
    limit_key: list[26] as never,
    limit_max: list[27] as never,
    rate: list[28] as never,
    rated: list[29] as never,
    parent: list[30] as never,
    parent_index: list[31] as never,
    bytes: list[32] as never,
  }
}

export function insertRow(keyspace: Keyspace, row: WholeJob): void {
  keyspace.sql(insert).run(...insertNames.map(name => row[name] as SQLInputValue))
}

export function findJob(keyspace: Keyspace, id: string): JobRow | undefined {
  const values = keyspace.sql(`SELECT ${jobColumns} FROM task_jobs WHERE id = ?`).get(id)
  return values && rowOf(values)
}

export function findWholeJob(keyspace: Keyspace, id: string): WholeJob | undefined {
  const values = keyspace.sql(`SELECT ${jobColumns}, ${textColumns} FROM task_jobs WHERE id = ?`).get(id)
  return values && withTexts(rowOf(values), (values as unknown as unknown[]).slice(rowLength))
}

export function errorOf(keyspace: Keyspace, { seq }: JobRow): string | null {
  const values = keyspace.sql('SELECT error FROM task_jobs WHERE seq = ?').get(seq) as unknown as [string | null]
  return values[0]
}

/** With its texts, as they are now. */
export function wholeJob(keyspace: Keyspace, row: JobRow): WholeJob {
  return withTexts(row, keyspace.sql(`SELECT ${textColumns} FROM task_jobs WHERE seq = ?`).get(row.seq))
}

/** The same row, with what was read of `textColumns`. */
export function withTexts(row: JobRow, texts: unknown): WholeJob {
  const [context, error, progress, payload, result] = texts as [string, string, string, string, string]
  return Object.assign(row, { context, error, progress, payload, result })
}

/** `where` is SQL with all that follows it: an order, a limit. */
export function selectJobs(keyspace: Keyspace, where: string, ...values: SQLInputValue[]): JobRow[] {
  return keyspace
    .sql(`SELECT ${jobColumns} FROM task_jobs WHERE ${where}`)
    .all(...values)
    .map(rowOf)
}

/** What is answered. */
export function shownJob(row: WholeJob): object {
  const isActive = row.state === jobState.active
  return {
    id: row.id,
    task: row.task,
    queue: row.queue,
    state: stateNames[row.state],
    priority: row.priority,
    payload: row.payload,
    attempt: row.attempt,
    attempts: row.attempts,
    interruptions: row.interruptions,
    interruptionsMax: row.interruptions_max,
    created: row.created,
    due: row.due ?? undefined,
    started: row.started ?? undefined,
    finished: row.finished ?? undefined,
    worker: isActive ? row.worker : undefined,
    token: isActive ? row.token : undefined,
    softMs: row.soft_ms,
    hardMs: row.hard_ms,
    context: parsed(row.context),
    uniqueKey: row.unique_key ?? undefined,
    limitKey: row.limit_key ?? undefined,
    parent: row.parent === null ? undefined : { id: row.parent, index: row.parent_index },
    result: row.result ?? undefined,
    error: parsed(row.error),
    progress: row.progress ?? undefined,
    isCancelling: isActive && row.cancelling > 0 ? true : undefined,
    version: row.version,
  }
}

function parsed(text: string | null): unknown {
  return text === null ? undefined : JSON.parse(text)
}

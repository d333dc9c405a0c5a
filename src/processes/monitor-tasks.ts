/** Background tasks as the dashboard sees them: what `saola tasks` shows and does, for a page. */
import { ServerError } from '../base/errors.ts'
import { quoted } from '../base/printable.ts'
import type { JobPage, JobState, JobSummary, JobView, TaskDone, TasksView } from '../dashboard/api.ts'
import type { JobQuery, TasksPort } from '../dashboard/server/ports.ts'
import type { Job, QueueInfo, Schedule, WorkerInfo } from '../tasks/engine/job.ts'
import { jobStates } from '../tasks/engine/job.ts'
import { TaskEngine } from '../tasks/engine/task-engine.ts'
import { engineOf, inLookTime, lookAtStore } from './monitor-place.ts'
import { cutText, shownBytesMax } from './shown-value.ts'
import { cancelJobs, pauseQueue, removeJobs, retryJobs } from './task-commands.ts'
import { factsOf, framesOf, headlineOf, scheduleText } from './task-facts.ts'

export interface OpenTasksPort {
  readonly port: TasksPort
  close(): Promise<void>
}

const jobsOfPage = 50
const textLengthMax = 200
/** Where few of very many are looked for, so long for a page; then it says where to go on. */
const searchMs = 150
/** As long as all dead jobs are let run again; what is left then is said. */
const retryAllMs = 2_000
const namesMax = 100

/** `place` is how the processes of the tree come to the store, as JSON. */
export function openTasksPort(place: string): OpenTasksPort {
  const store = lookAtStore(place)
  const on = <Result>(work: (tasks: TaskEngine) => Promise<Result>) =>
    inLookTime(engineOf(store).then(engine => work(new TaskEngine(engine))))
  const port: TasksPort = {
    view: () => on(viewOf),
    jobs: query => on(tasks => pageOfJobs(tasks, query)),
    job: id =>
      on(async tasks => {
        const job = await tasks.get(id)
        return job && wholeJob(job)
      }),
    retry: input => on(tasks => ('ids' in input ? retryJobs(tasks, input.ids) : retryDead(tasks, input))),
    cancel: ({ ids }) => on(async tasks => toldOf(await cancelJobs(tasks, ids))),
    remove: ({ ids }) => on(tasks => removeJobs(tasks, ids)),
    pause: ({ queue }) => on(tasks => setPaused(tasks, queue, true)),
    resume: ({ queue }) => on(tasks => setPaused(tasks, queue, false)),
  }
  return { port, close: () => store.close() }
}

async function viewOf(tasks: TaskEngine): Promise<TasksView> {
  const [counts, queues, workers, { schedules }] = await Promise.all([
    tasks.counts(),
    tasks.queues(),
    tasks.workers(),
    tasks.schedules(),
  ])
  return {
    counts: Object.fromEntries(jobStates.map(state => [state, counts[state] ?? 0])) as Record<JobState, number>,
    queues: allQueues(queues, workers),
    workers: workers.map(workerView),
    schedules: schedules.map(scheduleView),
  }
}

/** Also those that only a process knows, and that had no job yet. */
function allQueues(queues: readonly QueueInfo[], workers: readonly WorkerInfo[]): QueueInfo[] {
  const byName = new Map(queues.map(queue => [queue.name, queue]))
  const empty = { isPaused: false, scheduled: 0, ready: 0, blocked: 0, active: 0 }
  for (const name of workers.flatMap(worker => worker.queues)) {
    if (!byName.has(name)) byName.set(name, { name, ...empty })
  }
  return [...byName.values()].toSorted((one, other) => (one.name < other.name ? -1 : 1))
}

function workerView({ slot, pool, host, pid, active, leaseUntil, queues, tasks = [] }: WorkerInfo) {
  const names = tasks.slice(0, namesMax).map(({ id }) => id)
  return { slot, pool, host, pid, active, leaseUntil, queues: queues.slice(0, namesMax), tasks: names }
}

function scheduleView({ name, job, spec, next, last }: Schedule) {
  return { name, task: job.task, when: scheduleText(spec), next, last }
}

async function pageOfJobs(tasks: TaskEngine, { state, task, queue, after }: JobQuery): Promise<JobPage> {
  const jobs: Job[] = []
  const end = performance.now() + searchMs
  let cursor = after
  do {
    const page = await tasks.list({
      ...(state !== undefined && { states: [state] }),
      ...(task !== undefined && { task }),
      ...(queue !== undefined && { queue }),
      ...(cursor !== undefined && { cursor }),
      limit: jobsOfPage - jobs.length,
      textBytesMax: 4 * textLengthMax,
    })
    jobs.push(...page.jobs)
    cursor = page.cursor
  } while (cursor !== undefined && jobs.length < jobsOfPage && performance.now() < end)
  return { jobs: jobs.map(summaryOf), next: cursor }
}

function summaryOf(job: Job): JobSummary {
  const { id, task, queue, state, attempt, attempts, interruptions, created, due, started, finished } = job
  const text = job.error !== undefined && state !== 'done' ? `${job.error.name}: ${job.error.message}` : job.payload
  return {
    ...{ id, task, queue, state, attempt, attempts, interruptions, created, started, finished },
    // Of one that has finished it is how long it is kept.
    due: finished === undefined ? due : undefined,
    isCancelling: job.isCancelling === true,
    progress: progressOf(job),
    text: shorten(text),
  }
}

/** Of what the handler says: a share, by itself or under a name that means one. */
function progressOf({ progress }: Job): number | undefined {
  if (progress === undefined) return undefined
  try {
    const said = JSON.parse(progress)
    const value = typeof said === 'object' && said !== null ? (said.progress ?? said.percent ?? said.share) : said
    return typeof value === 'number' && Number.isFinite(value) ? value : undefined
  } catch {
    return undefined
  }
}

function wholeJob(job: Job): JobView {
  const { payload, result, error, attempt, attempts } = job
  const errorText = error && [headlineOf(error), ...framesOf(error).map(frame => `    ${frame}`)].join('\n')
  const texts = { input: payload, result, error: errorText }
  const facts = [
    ['priority', String(job.priority)],
    ['interruptions', `${job.interruptions} of ${job.interruptionsMax}`],
    ...factsOf(job).map(([name, value]) => [name, value && cutText(value, shownBytesMax)]),
    ['kept until', job.finished === undefined || job.due === undefined ? undefined : new Date(job.due).toISOString()],
    ...Object.entries(texts).map(([name, text]) => [`${name}, cut`, cutNote(text)]),
  ].filter(([, value]) => value !== undefined)
  return {
    ...summaryOf(job),
    payload: cutText(payload, shownBytesMax),
    result: result && cutText(result, shownBytesMax),
    error: errorText && cutText(errorText, shownBytesMax),
    reason: job.state === 'dead' && attempt < attempts ? `dead after ${attempt} of ${attempts} attempts` : undefined,
    worker: job.worker,
    timeline: timelineOf(job),
    facts: Object.fromEntries(facts),
  }
}

function cutNote(text: string | undefined): string | undefined {
  const bytes = Buffer.byteLength(text ?? '')
  return bytes > shownBytesMax ? `${bytes} bytes, of which the first ${shownBytesMax} are shown` : undefined
}

/** What is known of its life: of earlier attempts only how many there were. */
function timelineOf(job: Job): JobView['timeline'] {
  const { created, started, finished, due, state, attempt, attempts, interruptions, worker, error } = job
  const which = attempt > 0 ? `attempt ${attempt} of ${attempts}` : 'an attempt'
  const by = worker === undefined ? '' : ` on ${worker}`
  const lost = interruptions > 0 ? `, after ${interruptions} that lost their process` : ''
  const because = error === undefined || state === 'done' ? '' : `: ${shorten(headlineOf(error))}`
  const isLater = finished === undefined && due !== undefined
  const events = [
    { at: created, text: 'enqueued' },
    { at: started, text: `${which} began${by}${lost}` },
    { at: finished, text: `${state}${because}` },
    { at: isLater ? due : undefined, text: attempt > 0 ? `due again${because}` : 'due' },
  ]
  return events.flatMap(({ at, text }) => (at === undefined ? [] : [{ at, text }])).toSorted((a, b) => a.at - b.at)
}

function shorten(text: string): string {
  return text.length > textLengthMax ? `${text.slice(0, textLengthMax)}…` : text
}

async function retryDead(
  tasks: TaskEngine,
  { task, queue }: { readonly task?: string; readonly queue?: string },
): Promise<TaskDone> {
  const filter = {
    states: ['dead' as const],
    ...(task !== undefined && { task }),
    ...(queue !== undefined && { queue }),
  }
  const end = performance.now() + retryAllMs
  let count = 0
  // Those that die again meanwhile are behind the place in the list: each is retried once.
  for (let cursor: string | undefined; ; ) {
    const changed = await tasks.retry({ ...filter, ...(cursor !== undefined && { cursor }) })
    count += changed.count
    cursor = changed.cursor
    if (cursor === undefined) return { count, problems: [] }
    if (performance.now() > end) return { count, problems: ['There are more: retry again.'] }
  }
}

function toldOf({ count, asked, problems }: TaskDone & { readonly asked: number }): TaskDone {
  if (asked === 0) return { count, problems }
  const who = asked === 1 ? 'One is active: it is' : `${asked} are active: they are`
  return { count, problems: [...problems, `${who} cancelled as soon as the handler has stopped.`] }
}

async function setPaused(tasks: TaskEngine, queue: string, isPaused: boolean): Promise<TaskDone> {
  if (await pauseQueue(tasks, queue, isPaused)) return { count: 1, problems: [] }
  const state = isPaused ? 'paused already' : 'not paused'
  throw new ServerError('ERR_TASK_NOT_CHANGED', `The queue ${quoted(queue)} is ${state}.`)
}

/** What `saola tasks` prints for each of its commands, and asks before it removes anything. */
import { ServerError } from '../base/errors.ts'
import { printable } from '../base/printable.ts'
import * as tasks from '../processes/task-commands.ts'
import { confirm } from './confirm.ts'
import { placeOf } from './store-place.ts'
import { renderJob } from './task-detail.ts'
import { jsonOfJob } from './task-json.ts'
import { type ActionInput, checkOptions, type TaskOptions } from './task-options.ts'
import { renderSchedules, renderStats, renderWorkers } from './task-overview.ts'
import { run } from './task-run.ts'
import { renderDead, renderJobs, type TaskViewOptions } from './task-view.ts'
import { columns, painter, print, printJson } from './terminal.ts'

type Action = (tasks: tasks.OpenTasks, input: ActionInput) => Promise<void>

const limitDefault = 50
// More than a line of a terminal shows.
const inputBytesMax = 1_000
const actions: Readonly<Record<string, Action>> = {
  list: (open, { options }) => list(open, options, { ...filterOf(options), ...statesOf(options) }),
  dead: (open, { options }) => list(open, options, { ...filterOf(options), states: ['dead'] }),
  show: async ({ engine, now }, { args: [id = ''], options }) => {
    const job = await tasks.findJob(engine, id)
    if (options.json) printJson(jsonOfJob(job))
    else print(...renderJob(job, { paint: painter(), now }))
  },
  run,
  retry,
  cancel: async ({ engine }, { args, options }) => {
    const { count, asked, problems } = await tasks.cancelJobs(engine, args)
    const told = asked === 0 ? '' : `, ${asked} of them active and told to stop`
    report({ cancelled: count, asked, problems }, `${jobsText(count)} cancelled${told}.`, options)
  },
  pause: (open, { args: [queue = ''], options }) => pause(open, queue, { ...options, isPaused: true }),
  resume: (open, { args: [queue = ''], options }) => pause(open, queue, { ...options, isPaused: false }),
  purge,
  schedules: async ({ engine }, { options }) => {
    const { now, schedules } = await engine.schedules()
    if (options.json) return printJson({ now, schedules })
    if (schedules.length === 0) return print('Nothing is scheduled.')
    print(...renderSchedules(schedules, view(new Date(now))))
  },
  stats: async ({ engine, now }, { options }) => {
    const [counts, queues] = await Promise.all([engine.counts(), engine.queues()])
    if (options.json) printJson({ counts, queues })
    else print(...renderStats(counts, queues, view(now)))
  },
  workers: async ({ engine, now }, { options }) => {
    const workers = await engine.workers()
    if (options.json) return printJson({ workers })
    if (workers.length === 0) return print('No process runs tasks now.')
    print(...renderWorkers(workers, view(now)))
  },
}

/** Opens the store that is meant, and does what was asked for. */
export async function runTaskAction(name: string, args: readonly string[], options: TaskOptions): Promise<void> {
  const action = actions[name] as Action
  checkOptions(options)
  await tasks.withTasks(await placeOf(options), open => action(open, { args, options }))
}

async function list({ engine, now }: tasks.OpenTasks, options: TaskOptions, filter: tasks.JobFilter): Promise<void> {
  const limit = options.limit ?? limitDefault
  // One more than is shown tells whether there are more.
  const shown = options.json ? filter : { ...filter, textBytesMax: inputBytesMax }
  const found = await Array.fromAsync(tasks.listJobs(engine, shown, limit + 1))
  const jobs = found.slice(0, limit)
  if (options.json) return printJson({ jobs: jobs.map(jsonOfJob), hasMore: found.length > limit })
  if (jobs.length === 0) return print('There are no such jobs.')
  const render = filter.states?.join() === 'dead' ? renderDead : renderJobs
  print(...render(jobs, view(now)))
  if (found.length > limit) process.stderr.write(`There are more than these ${limit}: see --limit.\n`)
}

async function retry({ engine }: tasks.OpenTasks, { args, options }: ActionInput): Promise<void> {
  if (options.all === true) {
    if (args.length > 0) throw new ServerError('ERR_USAGE', 'tasks retry expected ids or --all, got both.')
    const count = await tasks.retryAll(engine, { ...filterOf(options), states: ['dead'] })
    return report({ retried: count, problems: [] }, `${jobsText(count)} ready again.`, options)
  }
  if (args.length === 0) throw new ServerError('ERR_USAGE', 'tasks retry expected ids or --all, got neither.')
  const { count, problems } = await tasks.retryJobs(engine, args)
  report({ retried: count, problems }, `${jobsText(count)} ready again.`, options)
}

async function pause(
  { engine }: tasks.OpenTasks,
  queue: string,
  { isPaused, json }: TaskOptions & { readonly isPaused: boolean },
): Promise<void> {
  const hasChanged = await tasks.pauseQueue(engine, queue, isPaused)
  if (json) return printJson({ queue, isPaused, hasChanged })
  const state = isPaused ? 'is paused: nothing more of it begins' : 'is open'
  print(`${printable(queue)} ${state}${hasChanged ? '.' : ', as it was before.'}`)
}

async function purge({ engine }: tasks.OpenTasks, { args, options }: ActionInput): Promise<void> {
  const states = statesOf(options).states ?? ['done']
  const filter = { ...filterOf(options), states }
  if (args.length > 0 && (options.state ?? options.task ?? options.queue) !== undefined) {
    throw new ServerError('ERR_USAGE', 'tasks purge expected ids, or --state, --task and --queue, got both.')
  }
  if (states.includes('active'))
    throw new ServerError('ERR_USAGE', 'A job that is active cannot be removed: cancel it first.')
  const what = args.length > 0 ? jobsText(args.length) : await describe(engine, filter)
  if (options.yes !== true && !(await confirm(`This removes ${what} for ever.`))) {
    throw new ServerError('ERR_USAGE', 'Nothing was removed. Without a question: --yes.')
  }
  const { count, problems } =
    args.length > 0 ? await tasks.removeJobs(engine, args) : { count: await tasks.purge(engine, filter), problems: [] }
  report({ removed: count, problems }, `${jobsText(count)} removed.`, options)
}

async function describe(
  engine: tasks.TaskEngine,
  filter: tasks.JobFilter & { readonly states: readonly tasks.JobState[] },
) {
  const { states, task, queue } = filter
  const of = [...(task === undefined ? [] : [`of task ${task}`]), ...(queue === undefined ? [] : [`in queue ${queue}`])]
  const kind = `${states.join(', ')}${of.length > 0 ? ` (${printable(of.join(', '))})` : ''}`
  // How many are of a task, nobody has counted.
  if (of.length > 0) return `all jobs that are ${kind}`
  return `${jobsText(await tasks.countOf(engine, states))} that are ${kind}`
}

interface Changed extends Readonly<Record<string, unknown>> {
  readonly problems: readonly string[]
}

/** What was done; what could not be done is an error, and the rest is done all the same. */
function report(answer: Changed, text: string, { json }: TaskOptions): void {
  if (json) printJson(answer)
  else print(text)
  const { problems } = answer
  if (problems.length === 0) return
  const message = `${problems.length === 1 ? 'One job is' : `${problems.length} jobs are`} as before:`
  throw new ServerError('ERR_TASK_NOT_CHANGED', message, { problems })
}

function jobsText(count: number): string {
  return count === 1 ? '1 job' : `${count} jobs`
}

function filterOf({ task, queue }: TaskOptions): tasks.JobFilter {
  return { ...(task === undefined ? {} : { task }), ...(queue === undefined ? {} : { queue }) }
}

function statesOf({ state }: TaskOptions): { readonly states?: readonly tasks.JobState[] } {
  return state === undefined ? {} : { states: state as readonly tasks.JobState[] }
}

function view(now: Date): TaskViewOptions {
  return { width: columns(), paint: painter(), now }
}

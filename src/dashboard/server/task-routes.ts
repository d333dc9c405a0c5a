import { ServerError } from '../../base/errors.ts'
import type { JobState, TaskInputs } from '../api.ts'
import type { DashboardContext } from './context.ts'
import { chosenIn, optionalTextIn, textIn, textsIn } from './input.ts'
import type { TasksPort } from './ports.ts'
import type { ApiRequest, Route } from './route.ts'

const nameRule = { lengthMax: 1024 }
const idRule = { lengthMax: 64 }
/** So many at once: each is a step of its own in the store. */
const idsRule = { ...idRule, countMax: 200 }
const states: readonly JobState[] = [
  ...(['scheduled', 'ready', 'blocked', 'waiting', 'active', 'done', 'dead', 'cancelled'] as const),
]

/** Background tasks. */
export const taskRoutes: readonly Route[] = [
  { method: 'GET', path: '/api/tasks', handle: (_, context) => tasksOf(context).view() },
  { method: 'GET', path: '/api/tasks/jobs', handle: (request, context) => jobs(request, tasksOf(context)) },
  { method: 'GET', path: '/api/tasks/job', handle: (request, context) => job(request, tasksOf(context)) },
  change('retry', ({ body }, tasks) => tasks.retry(retriedIn(body))),
  change('cancel', ({ body }, tasks) => tasks.cancel({ ids: textsIn(body, 'ids', idsRule) })),
  change('remove', ({ body }, tasks) => tasks.remove({ ids: textsIn(body, 'ids', idsRule) })),
  change('pause', ({ body }, tasks) => tasks.pause({ queue: textIn(body, 'queue', nameRule) })),
  change('resume', ({ body }, tasks) => tasks.resume({ queue: textIn(body, 'queue', nameRule) })),
]

function change(name: keyof TaskInputs, act: (request: ApiRequest, tasks: TasksPort) => Promise<unknown>): Route {
  return {
    method: 'POST',
    path: `/api/tasks/${name}`,
    changes: true,
    target: targetOf,
    handle: (request, context) => act(request, tasksOf(context)),
  }
}

/** For the log: the first of the jobs, or the queue. */
function targetOf({ ids, queue, all }: ApiRequest['body']): string | undefined {
  const [first, ...others] = Array.isArray(ids) ? ids : [queue ?? (all === undefined ? undefined : 'all dead')]
  if (typeof first !== 'string') return undefined
  return `${first.slice(0, 200)}${others.length > 0 ? ` and ${others.length} more` : ''}`
}

function jobs({ query }: ApiRequest, tasks: TasksPort) {
  const input = Object.fromEntries(query)
  return tasks.jobs({
    state: input.state === undefined ? undefined : chosenIn(input, 'state', states),
    task: optionalTextIn(input, 'task', nameRule),
    queue: optionalTextIn(input, 'queue', nameRule),
    after: optionalTextIn(input, 'after', idRule),
  })
}

async function job({ query }: ApiRequest, tasks: TasksPort) {
  const found = await tasks.job(textIn(Object.fromEntries(query), 'id', idRule))
  if (found) return found
  throw new ServerError('ERR_TASK_JOB_ABSENT', 'There is no such job, or its time to be kept was over.')
}

function retriedIn(body: ApiRequest['body']): TaskInputs['retry'] {
  if (Object.hasOwn(body, 'ids')) return { ids: textsIn(body, 'ids', idsRule) }
  chosenIn(body, 'all', ['dead'])
  const task = optionalTextIn(body, 'task', nameRule)
  const queue = optionalTextIn(body, 'queue', nameRule)
  return { all: 'dead', ...(task !== undefined && { task }), ...(queue !== undefined && { queue }) }
}

function tasksOf({ tasks }: DashboardContext): TasksPort {
  if (tasks) return tasks
  throw new ServerError('ERR_USAGE', 'This tree runs no tasks: its configuration has no section "tasks".')
}

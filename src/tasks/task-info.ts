import type { JobDefaults, OpenKeys, TaskInfo } from './engine/job.ts'
import type { RunnableTask } from './runnable-task.ts'
import type { Keyed, TaskSettings } from './task-settings.ts'

/** What a process tells of its tasks in its session, so that others can enqueue them by their names. */
export function taskInfoOf({ id, queue, defaults, hasKeys, openKeys }: RunnableTask): TaskInfo | undefined {
  // Without, its task is not enqueued by anybody who has not its code.
  if (!defaults) return undefined
  return { id, queue, defaults, ...(hasKeys ? { hasKeys } : {}), ...(openKeys ? { openKeys } : {}) }
}

/** The rules of a task as parts of its jobs; `computed` are the keys that its code makes of the input. */
export function describeTask(id: string, settings: TaskSettings, computed: readonly Keyed[]): TaskInfo {
  const { queue, concurrency, rateLimit, unique } = settings
  const limit = concurrency && { max: concurrency.max }
  const rate = rateLimit && { count: rateLimit.count, periodMs: rateLimit.periodMs, burst: rateLimit.burst }
  const single = unique && { on: unique.on, ...(unique.ttlMs === undefined ? {} : { ttlMs: unique.ttlMs }) }
  const isWholeInput = unique !== undefined && unique.key === undefined && !computed.includes('unique')
  const isOpen = { limit: computed.includes('concurrency'), rate: computed.includes('rateLimit') }
  const isUniqueOpen = isWholeInput || computed.includes('unique')
  const defaults: JobDefaults = {
    ...plainDefaults(settings),
    ...(limit && !isOpen.limit ? { limit: { ...limit, key: scopedKey(id, concurrency.key) } } : {}),
    ...(rate && !isOpen.rate ? { rate: { ...rate, key: scopedKey(id, rateLimit.key) } } : {}),
    ...(single && !isUniqueOpen ? { unique: { ...single, key: scopedKey(id, unique.key) } } : {}),
  }
  const openKeys: OpenKeys = {
    ...(limit && isOpen.limit ? { limit } : {}),
    ...(rate && isOpen.rate ? { rate } : {}),
    ...(single && isUniqueOpen ? { unique: { ...single, isWholeInput } } : {}),
  }
  const hasKeys = Object.keys(openKeys).length > 0
  return { id, queue, defaults, ...(hasKeys ? { hasKeys, openKeys } : {}) }
}

/** Of one task only: `email.send`, `email.send:ann@example.org`. */
export function scopedKey(id: string, key: string | undefined): string {
  return key === undefined ? id : `${id}:${key}`
}

function plainDefaults(settings: TaskSettings): JobDefaults {
  const { priority, attempts, interruptionsMax, softMs, hardMs, resultMs, failureMs, expiresMs } = settings
  const times = { softMs, hardMs, resultMs, failureMs, ...(expiresMs === undefined ? {} : { expiresMs }) }
  return { priority, attempts, interruptionsMax, ...times }
}

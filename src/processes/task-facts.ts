/** What is told of a job and of a schedule, wherever it is shown: in a terminal or on a page. */
import { formatDuration } from '../base/units.ts'
import type { Job, JobError } from '../tasks/engine/job.ts'

export type Facts = readonly (readonly [name: string, value: string | undefined])[]

/** Its limits, and where it comes from. */
export function factsOf(job: Job): Facts {
  return [
    ['worker', job.worker],
    ['limits', limitsOf(job)],
    ['unique key', job.uniqueKey],
    ['limit key', job.limitKey],
    ['parent', job.parent && `${job.parent.id}, as number ${job.parent.index}`],
    ['request', job.context?.requestId],
    ['traceparent', job.context?.traceparent],
    ['progress', job.progress],
  ]
}

/** Where in the code it was, without the message above it. */
export function framesOf({ stack = '' }: JobError): string[] {
  return stack.split('\n').flatMap(line => (/^\s+at /.test(line) ? [line.trim()] : []))
}

/** `Error: no host   [ENOTFOUND]` */
export function headlineOf({ name, message, code }: JobError): string {
  return `${name}: ${message}${code === undefined ? '' : `   [${code}]`}`
}

/** `cron 0 8 * * *, timeZone Asia/Shanghai`: whatever is in it, without the signs of JSON. */
export function scheduleText(spec: string): string {
  try {
    const value: unknown = JSON.parse(spec)
    if (typeof value !== 'object' || value === null) return String(value)
    return Object.entries(value)
      .map(([name, part]) => `${name} ${typeof part === 'object' ? JSON.stringify(part) : part}`)
      .join(', ')
  } catch {
    // Of a newer version, or somebody else's.
    return spec
  }
}

function limitsOf({ softMs, hardMs }: Job): string | undefined {
  const limits = [
    ...(softMs > 0 ? [`soft ${formatDuration(softMs)}`] : []),
    ...(hardMs > 0 ? [`hard ${formatDuration(hardMs)}`] : []),
  ]
  return limits.length === 0 ? undefined : limits.join(', ')
}

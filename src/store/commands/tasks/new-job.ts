/** A job as it is enqueued: the shape that src/tasks/engine/job.ts describes, checked. */
import { isTokenRateExact } from '../../../base/gcra.ts'
import type { Gather } from './gathers.ts'
import { type Rate, tokenRateOf } from './rates.ts'
import { inner, milliseconds, name, oneOf, optional, parseList, type Shape, shortText, text, whole } from './shapes.ts'

export interface NewJob {
  readonly id: string
  readonly task: string
  readonly queue: string
  readonly priority: number
  readonly delayMs?: number
  readonly payload: string
  readonly attempts: number
  readonly interruptionsMax: number
  readonly expiresMs?: number
  readonly softMs: number
  readonly hardMs: number
  readonly resultMs: number
  readonly failureMs: number
  readonly context?: object
  readonly unique?: { readonly key: string; readonly ttlMs?: number; readonly on: 'skip' | 'replace' }
  readonly limit?: { readonly key: string; readonly max: number }
  readonly rate?: Rate
  readonly gather?: Gather
  readonly parent?: { readonly id: string; readonly index: number }
}

export const jobsMax = 10_000

const gather = inner(
  { count: whole(0, 1_000_000), mode: oneOf('one', 'all', 'result') },
  ({ count, mode }: Gather) => mode !== 'one' || count === 1,
)
const rate = inner({ key: name, count: whole(1), periodMs: whole(1, 10 ** 12), burst: whole(1) }, (value: Rate) =>
  isTokenRateExact(tokenRateOf(value)),
)

/** Without its id: of a schedule. */
export const templateShape: Shape = {
  task: name,
  queue: name,
  priority: whole(0, 9),
  delayMs: optional(milliseconds),
  payload: text,
  attempts: whole(1),
  interruptionsMax: whole(1),
  expiresMs: optional(milliseconds),
  softMs: milliseconds,
  hardMs: milliseconds,
  resultMs: milliseconds,
  failureMs: milliseconds,
  context: optional(inner({ requestId: optional(shortText), traceparent: optional(shortText) })),
  unique: optional(inner({ key: name, ttlMs: optional(milliseconds), on: oneOf('skip', 'replace') })),
  limit: optional(inner({ key: name, max: whole(1) })),
  rate: optional(rate),
  gather: optional(gather),
  parent: optional(inner({ id: name, index: whole(0) })),
}

export const jobShape: Shape = { id: name, ...templateShape }

export function newJobsOf(argument: Buffer | undefined): readonly NewJob[] {
  return parseList<NewJob>(argument, 'jobs', jobsMax, jobShape)
}

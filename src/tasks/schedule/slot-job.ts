/** The job of a slot: the same one, whoever makes it from what the store says, so that one that is sent twice counts once. */
import { createHash } from 'node:crypto'
import type { JobContext, NewJob, Schedule } from '../engine/job.ts'
import { isJobId } from '../job-id.ts'
import type { ScheduleRules } from './schedule-spec.ts'
import { waitEndOf } from './waiting-limit.ts'

const letters = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const timeLength = 10
const digestLength = 16
// As for a duration: what is later than a hundred years is never.
const waitMsMax = 36_500 * 86_400_000

/** `now` is by the clock of the store: the jitter counts from the slot, a delay from now. */
export function slotJob(schedule: Schedule, rules: ScheduleRules, slot: number, now: number): NewJob {
  const { job, name } = schedule
  // What ran before is in it: where a clock was set back, the same slot comes again, behind another one.
  const digest = createHash('sha256')
    .update(`${name}\0${slot}\0${schedule.lastJob ?? ''}`)
    .digest()
  const delayMs = slot + jitterOf(digest, rules.jitterMs) - now
  const waitEnd = waitEndOf(rules, slot)
  return {
    ...job,
    id: idOf(slot, digest),
    context: { requestId: `schedule:${name}@${new Date(slot).toISOString()}` },
    ...(delayMs > 0 ? { delayMs } : {}),
    // One after the other: the rest is blocked, in the order of their slots.
    ...(rules.overlap === 'queue' ? { limit: { key: `schedule:${name}`, max: 1 } } : {}),
    ...(waitEnd === undefined ? {} : { expiresMs: Math.max(1, Math.min(waitEnd - now, job.expiresMs ?? waitMsMax)) }),
  }
}

/**
 * Which schedule has made a job, and for which slot: the one that was missed, where it is caught up. Undefined for any other job.
 *
 * ```ts
 * run: async (input, context) => report({ until: scheduledFor(context)?.slot ?? new Date() })
 * ```
 */
export function scheduledFor({
  id,
  context,
}: ScheduledJob): { readonly name: string; readonly slot: Date } | undefined {
  const [, name, time = ''] = /^schedule:(.+)@([^@]+Z)$/s.exec(context?.requestId ?? '') ?? []
  const slot = Date.parse(time)
  // Jobs that this one enqueues have its context, and a client may send anything as id of a request.
  return name !== undefined && slotOfJob(id) === slot ? { name, slot: new Date(slot) } : undefined
}

interface ScheduledJob {
  readonly id: string
  readonly context?: JobContext | undefined
}

/** The slot that a job was made for; undefined when its id is none of ours. */
export function slotOfJob(id: string): number | undefined {
  if (!isJobId(id)) return undefined
  let slot = 0
  for (const letter of id.slice(0, timeLength)) slot = slot * 32 + letters.indexOf(letter)
  return slot
}

/** A ULID: 48 bits of time, so that jobs stand in the order of their slots, and 80 of the digest in place of random ones. */
function idOf(slot: number, digest: Buffer): string {
  let time = ''
  for (let rest = slot, i = 0; i < timeLength; i++, rest = Math.floor(rest / 32))
    time = letters.charAt(rest % 32) + time
  let tail = ''
  for (let i = 0; i < digestLength; i++) tail += letters.charAt((digest[i] ?? 0) % 32)
  return time + tail
}

/** Of its own bytes, evenly spread over the jitter, and the same for whoever asks. */
function jitterOf(digest: Buffer, jitterMs: number): number {
  return Math.floor((digest.readUInt32BE(24) / 2 ** 32) * jitterMs)
}

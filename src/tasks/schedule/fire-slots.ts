import type { Schedule } from '../engine/job.ts'
import type { TaskEngine } from '../engine/task-engine.ts'
import { planSlots, type SlotPlan } from './plan-slots.ts'
import type { ScheduleSpec } from './schedule-spec.ts'
import { slotJob } from './slot-job.ts'

/** What became of a schedule that was looked at: `waits` when its time has not come. */
export interface Fired {
  readonly outcome: 'waits' | 'fired' | 'late' | 'skipped'
  /** When it is to be looked at again, by the clock of the store. */
  readonly next: number
  readonly slots: readonly number[]
}

// A request has to stay far below what the store takes at once; a job is its input and some hundred bytes.
const requestBytesMax = 2 ** 20
const jobsMax = 1000

/** Enqueues what is due, if nobody else has done so: in the store, all of it is one step. */
export async function fireSlots(
  engine: TaskEngine,
  schedule: Schedule,
  spec: ScheduleSpec,
  now: number,
): Promise<Fired> {
  const plan = planSlots(schedule, spec, now)
  if (!plan) return { outcome: 'waits', next: schedule.next, slots: [] }
  const { slots, next } = firstBatch(plan, schedule)
  const outcome = await engine.fire(schedule.name, schedule.next, {
    next,
    jobs: slots.map(slot => slotJob(schedule, spec, slot, now)),
    // Where nothing runs, there is nothing that could overlap.
    mayOverlap: spec.overlap !== 'skip' || slots.length === 0,
  })
  return { outcome, next, slots }
}

/** Of many slots the earliest; the rest is due at once. */
function firstBatch({ slots, next }: SlotPlan, { job }: Schedule): SlotPlan {
  const jobBytes = 1000 + Buffer.byteLength(job.payload)
  const count = Math.min(jobsMax, Math.max(1, Math.floor(requestBytesMax / jobBytes)))
  return { slots: slots.slice(0, count), next: slots[count] ?? next }
}

import { isDeepStrictEqual } from 'node:util'
import type { InputArguments } from '../define-task.ts'
import type { Schedule } from '../engine/job.ts'
import type { TaskEngine } from '../engine/task-engine.ts'
import { TaskError } from '../task-error.ts'
import type { TaskSpace } from '../task-space.ts'
import { checkTask, type SchedulableTask, type Scheduled, templateOf } from './declared-schedule.ts'
import { lastFired, nextSlot } from './plan-slots.ts'
import {
  type CatchUp,
  formatSpec,
  type Overlap,
  parseSpec,
  readTiming,
  type ScheduleTiming,
  scheduleNameOf,
} from './schedule-spec.ts'
import type { Timing } from './timetable.ts'

/** A schedule as `tasks.schedules.list()` and the command line show it. */
export interface ScheduleInfo {
  readonly name: string
  readonly task: string
  /** JSON of the input. */
  readonly payload: string
  /** Undefined, as what follows: a later version of Saola has written it. */
  readonly timing?: Timing
  readonly catchUp?: CatchUp
  readonly overlap?: Overlap
  readonly jitterMs?: number
  /** The application whose code has it; undefined when it was made at run time. */
  readonly application?: string
  readonly next: Date
  /** The slot that ran last. */
  readonly last?: Date
  readonly lastJob?: string
}

/** `tasks.schedules`: schedules that are made and removed at run time. */
export interface Schedules {
  /**
   * Makes a schedule, or changes the one of this name: its next slot stays what it was, unless the times are others. Durable when it
   * resolves; the processes that run tasks know of it within two seconds.
   *
   * @throws {TaskError} TASK_ARGUMENT_INVALID, also when code has declared the name; TASK_INPUT_INVALID.
   */
  upsert<Input>(
    name: string,
    timing: ScheduleTiming,
    task: SchedulableTask<Input>,
    ...[input]: InputArguments<NoInfer<Input>, never>
  ): Promise<'new' | 'changed' | 'same'>
  /** Whether there was one. Its jobs stay. One that code declares comes back with the next process that has it. */
  remove(name: string): Promise<boolean>
  /** All of them, by their names. */
  list(): Promise<ScheduleInfo[]>
}

/** `space` is asked for at each call: where it is opened at the first use, this opens nothing. */
export function createSchedules(space: () => TaskSpace): Schedules {
  return {
    upsert: async (name, timing, task, ...[input]) => {
      const rules = readTiming(name, timing)
      checkTask(name, task)
      return upsert(space(), { name, rules, task, input })
    },
    remove: async name => space().commands.unschedule(scheduleNameOf(name)),
    list: async () => list(space().commands),
  }
}

async function upsert(space: TaskSpace, scheduled: Scheduled): Promise<'new' | 'changed' | 'same'> {
  const { name, rules } = scheduled
  const job = await templateOf(space, scheduled)
  const { now, schedules } = await space.commands.schedules()
  const known = schedules.find(schedule => schedule.name === name)
  const old = known && parseSpec(known.spec)
  if (known && old?.origin.kind !== 'run-time') throw declaredByCode(name)
  const keepsSlots = old !== undefined && isDeepStrictEqual(old.timing, rules.timing)
  const next = keepsSlots && known ? known.next : nextSlot(rules, now)
  return space.commands.schedule({ name, spec: formatSpec(rules, { kind: 'run-time' }), job, next })
}

async function list(engine: TaskEngine): Promise<ScheduleInfo[]> {
  const { schedules } = await engine.schedules()
  return schedules.map(describe).sort((a, b) => (a.name < b.name ? -1 : 1))
}

function describe(schedule: Schedule): ScheduleInfo {
  const spec = parseSpec(schedule.spec)
  const last = lastFired(schedule)
  return {
    name: schedule.name,
    task: schedule.job.task,
    payload: schedule.job.payload,
    ...(spec && { timing: spec.timing, catchUp: spec.catchUp, overlap: spec.overlap, jitterMs: spec.jitterMs }),
    ...(spec?.origin.kind === 'code' && { application: spec.origin.application }),
    next: new Date(schedule.next),
    ...(last >= 0 && { last: new Date(last) }),
    ...(schedule.lastJob !== undefined && { lastJob: schedule.lastJob }),
  }
}

function declaredByCode(name: string): TaskError {
  const message = `Schedule ${JSON.stringify(name)} is declared by code: change it there, or choose another name.`
  return new TaskError('TASK_ARGUMENT_INVALID', message)
}

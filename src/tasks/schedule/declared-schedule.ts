import type { InputArguments } from '../define-task.ts'
import type { NewJob } from '../engine/job.ts'
import type { FlowTask } from '../flow.ts'
import { argumentInvalid } from '../given.ts'
import { TaskError } from '../task-error.ts'
import type { TaskSpace } from '../task-space.ts'
import { readTiming, type ScheduleRules, type ScheduleTiming } from './schedule-spec.ts'

/** What a schedule has to know of a task: all of `defineTask` are such. */
export type SchedulableTask<Input> = FlowTask<Input, unknown>

/** The job of each slot, without what is of a single one. */
export type JobTemplate = Omit<NewJob, 'id' | 'delayMs' | 'context'>

/** A schedule as code declares it: the export of a module in `tasks.dir`. Found there by `instanceof`. */
export class DeclaredSchedule {
  readonly name: string
  readonly rules: ScheduleRules
  readonly task: SchedulableTask<never>
  readonly #input: unknown

  constructor(name: string, rules: ScheduleRules, task: SchedulableTask<never>, input: unknown) {
    this.name = name
    this.rules = rules
    this.task = task
    this.#input = input
  }

  /** Checks the input. @throws {TaskError} as `enqueue`, and TASK_ARGUMENT_INVALID when task and schedule do not go together. */
  async template(space: TaskSpace): Promise<JobTemplate> {
    return templateOf(space, { name: this.name, rules: this.rules, task: this.task, input: this.#input })
  }
}

/** The schedules among what modules export; one that several of them export is one. */
export function schedulesAmong(values: readonly unknown[]): DeclaredSchedule[] {
  return [...new Set(values)].filter(value => value instanceof DeclaredSchedule)
}

/**
 * Runs a task again and again: once for each slot, over all processes and machines of a store. Export it from a module in `tasks.dir`.
 * It begins with the first process that has it, and ends when one with newer code has it no longer.
 *
 * ```ts
 * export const digest = schedule('digest', { cron: '0 8 * * 1-5', timeZone: 'Europe/Berlin' }, sendDigest, { to: 'all' })
 * export const sweep = schedule('sweep', { every: '30s' }, sweepUp)
 * ```
 *
 * By default: time zone UTC, one run for all slots that were missed, and none while the run before is not over.
 *
 * @throws {TaskError} TASK_ARGUMENT_INVALID for a name, pattern, zone, option or task that is none. The input is checked when a process begins.
 */
export function schedule<Input>(
  name: string,
  timing: ScheduleTiming,
  task: SchedulableTask<Input>,
  ...[input]: InputArguments<NoInfer<Input>, never>
): DeclaredSchedule {
  const rules = readTiming(name, timing)
  checkTask(name, task)
  return new DeclaredSchedule(name, rules, task, input)
}

/** @throws {TaskError} TASK_ARGUMENT_INVALID */
export function checkTask(name: string, task: Partial<SchedulableTask<never>> | undefined): void {
  if (typeof task?.prepare === 'function') return
  throw argumentInvalid(`The task of schedule ${JSON.stringify(name)}`, 'what defineTask returns', task)
}

export interface Scheduled {
  readonly name: string
  readonly rules: ScheduleRules
  readonly task: SchedulableTask<never>
  readonly input: unknown
}

/** @throws {TaskError} as `enqueue`, and TASK_ARGUMENT_INVALID when task and schedule do not go together. */
export async function templateOf(space: TaskSpace, { name, rules, task, input }: Scheduled): Promise<JobTemplate> {
  const job = await task.prepare(space, { input: { value: input }, options: {} })
  // The request that makes a schedule ends; what runs later is none of it.
  const { id: _, delayMs: __, context: ___, ...template } = job
  if (rules.overlap !== 'queue' || !template.limit) return template
  // A job has one limit by key: that of the task would be lost.
  const advice = 'use "allow": the limit of the task holds'
  const message = `overlap of schedule ${JSON.stringify(name)} cannot be "queue", since task ${JSON.stringify(template.task)} has a concurrency limit: ${advice}.`
  throw new TaskError('TASK_ARGUMENT_INVALID', message)
}

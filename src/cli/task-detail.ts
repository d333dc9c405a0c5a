/** One job in full, as `saola tasks show` prints it. */
import { printable } from '../base/printable.ts'
import type { Job } from '../processes/task-commands.ts'
import { type Facts, factsOf, framesOf, headlineOf } from '../processes/task-facts.ts'
import { formatSpan, jobStyle, relativeTime, type TaskViewOptions, tookMs } from './task-view.ts'

const nameWidth = 14

/** All that is known of a job, a fact in a line; nothing is cut. */
export function renderJob(job: Job, { paint, now }: Omit<TaskViewOptions, 'width'>): string[] {
  const state = paint(jobStyle[job.state] ?? 'bold', job.state) + (job.isCancelling ? ', is being cancelled' : '')
  const time = (at: number | undefined) => (at === undefined ? undefined : absoluteTime(at, now))
  const took = tookMs(job)
  const facts: Facts = [
    ['id', job.id],
    ['task', job.task],
    ['queue', `${job.queue}, priority ${job.priority}`],
    ['attempts', `${job.attempt} of ${job.attempts}`],
    ['interrupted', `${job.interruptions} of ${job.interruptionsMax}`],
    ['created', time(job.created)],
    [finalName(job), time(job.due)],
    ['started', time(job.started)],
    [
      'finished',
      job.finished === undefined
        ? undefined
        : `${time(job.finished)}${took === undefined ? '' : `, took ${formatSpan(took)}`}`,
    ],
    ...factsOf(job),
    ['input', job.payload],
    ['result', job.result],
  ]
  const lines = facts.flatMap(([name, value]) => (value === undefined ? [] : [fact(name, printable(value))]))
  return [...lines.toSpliced(2, 0, fact('state', state)), ...errorLines(job)]
}

function fact(name: string, text: string): string {
  return `${name.padEnd(nameWidth)} ${text}`
}

/** The same field of a job says when it is to run, and how long it is kept. */
function finalName({ finished }: Job): string {
  return finished === undefined ? 'due' : 'kept until'
}

function absoluteTime(at: number, now: Date): string {
  return `${new Date(at).toISOString()} (${relativeTime(at, now)})`
}

function errorLines({ error }: Job): string[] {
  if (error === undefined) return []
  const frames = framesOf(error).map(frame => fact('', `  ${printable(frame)}`))
  return [fact('error', printable(headlineOf(error))), ...frames]
}

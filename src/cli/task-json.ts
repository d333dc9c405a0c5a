/** Jobs for programs: what is kept as JSON in a text is part of the whole. */
import type { Job } from '../processes/task-commands.ts'

/** As the store answers it, with `payload`, `result` and `progress` as values. */
export function jsonOfJob(job: Job): Record<string, unknown> {
  const { payload, result, progress, ...rest } = job
  return {
    ...rest,
    payload: parsed(payload),
    ...(result === undefined ? {} : { result: parsed(result) }),
    ...(progress === undefined ? {} : { progress: parsed(progress) }),
  }
}

/** What is no JSON was put there by somebody else: its text, so that it can be seen. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

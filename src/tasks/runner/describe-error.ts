import { codeOf, messageOf } from '../../base/errors.ts'
import type { JobError } from '../engine/job.ts'

const messageMax = 2_000
const stackMax = 4_000

/** An error as it is kept with a job: anything can be thrown, of any size, and also what fails when it is looked at. */
export function describeError(thrown: unknown): JobError {
  if (!isError(thrown)) return { name: 'Error', message: textOf(thrown).slice(0, messageMax) }
  const stack = textIn(thrown, 'stack')
  const code = codeOf(thrown)
  return {
    name: (textIn(thrown, 'name') ?? 'Error').slice(0, 100),
    message: messageOf(thrown).slice(0, messageMax),
    ...(stack === undefined ? {} : { stack: stack.slice(0, stackMax) }),
    ...(code === undefined ? {} : { code: code.slice(0, 100) }),
  }
}

function isError(thrown: unknown): thrown is Error {
  try {
    return thrown instanceof Error
  } catch {
    // A proxy that nobody may ask anything.
    return false
  }
}

function textIn(thrown: Error, name: 'name' | 'stack'): string | undefined {
  try {
    const value: unknown = thrown[name]
    return typeof value === 'string' ? value : undefined
  } catch {
    // A getter of the application.
    return undefined
  }
}

function textOf(thrown: unknown): string {
  try {
    return typeof thrown === 'object' ? (JSON.stringify(thrown) ?? String(thrown)) : String(thrown)
  } catch {
    // A circle, or an object without a text: that something was thrown is all there is to say.
    return 'something that has no text'
  }
}

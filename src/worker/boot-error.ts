/** Why an application could not be started, for the people who wrote it. */
import { codeOf, messageOf, ServerError } from '../base/errors.ts'

export interface BootError {
  readonly message: string
  /** The frames of the application only; empty when there is nothing to see in them. */
  readonly stack: string
}

const own = new URL('../', import.meta.url).href
const advice = "Node only takes types off: compile it, or set node: ['--import', 'tsx']."

/** What to say about anything that was thrown while the application `entry` was started. */
export function describeBootError(thrown: unknown, entry: string): BootError {
  if (thrown instanceof ServerError) return { message: thrown.message, stack: '' }
  const message = messageOf(thrown)
  const stack = thrown instanceof Error ? (thrown.stack ?? '') : ''
  const lines = stack
    .split('\n')
    .filter(line => !/^ +at /.test(line) || !(line.includes('node:') || line.includes(own)))
  return {
    message: isTypeScript(thrown, entry) ? `${message.replace(/\.$/, '')}. ${advice}` : message,
    stack: lines.join('\n'),
  }
}

/** Does the file contain what has to be compiled? Enums have a code; a decorator is just a token that V8 does not know. */
function isTypeScript(thrown: unknown, entry: string): boolean {
  if (codeOf(thrown) === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX') return true
  return /\.[cm]?ts$/.test(entry) && thrown instanceof SyntaxError && thrown.message === 'Invalid or unexpected token'
}

/**
 * Where a syntax error of an ES module is, Node shows only when it prints the error itself: neither message nor stack
 * have it.
 */
export function isPlaceless(thrown: unknown, { stack }: BootError): boolean {
  return thrown instanceof SyntaxError && /^SyntaxError\b[^\n]*$/.test(stack)
}

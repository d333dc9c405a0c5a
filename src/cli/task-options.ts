/** What was asked for on the command line of `saola tasks`, looked at before anything is opened. */
import { messageOf, ServerError } from '../base/errors.ts'
import { printable } from '../base/printable.ts'
import { parseDurationUpTo } from '../base/units.ts'
import { type JobState, jobStates } from '../processes/task-commands.ts'
import type { StoreChoice } from './store-place.ts'

export interface TaskOptions extends StoreChoice {
  readonly json?: boolean
  readonly state?: readonly string[]
  readonly task?: string
  readonly queue?: string
  readonly limit?: number
  readonly all?: boolean
  readonly yes?: boolean
  readonly wait?: boolean
  readonly delay?: string
  readonly priority?: number
  readonly key?: readonly string[]
}

export interface ActionInput {
  readonly args: readonly string[]
  readonly options: TaskOptions
}

// A year: what is due later than the machine lives is a mistake.
const delayMsMax = 366 * 86_400_000
const priorityMax = 9

/** @throws {ServerError} ERR_USAGE */
export function checkOptions({ state = [], key = [], delay, priority, limit }: TaskOptions): void {
  const wrong = state.find(word => !jobStates.includes(word as JobState))
  if (wrong !== undefined) {
    throw new ServerError('ERR_USAGE', `--state expected one of ${jobStates.join(', ')}, got "${printable(wrong)}".`)
  }
  if (delay !== undefined) checkDelay(delay)
  if (priority !== undefined && priority > priorityMax)
    throw new ServerError('ERR_USAGE', `--priority expected 0 to ${priorityMax}, got ${priority}.`)
  keysOf(key)
  if (limit === 0) throw new ServerError('ERR_USAGE', '--limit expected a number above 0, got 0.')
}

function checkDelay(delay: string): void {
  try {
    parseDurationUpTo(delayMsMax, delay)
  } catch (cause) {
    throw new ServerError('ERR_USAGE', `--delay ${messageOf(cause)}.`, { cause })
  }
}

const keyNames = ['concurrency', 'rateLimit', 'unique']

/** `['unique=ann']` as `{ unique: 'ann' }`. @throws {ServerError} ERR_USAGE */
export function keysOf(texts: readonly string[] = []): Readonly<Record<string, string>> {
  const pairs = texts.map(text => /^(\w+)=(.+)$/s.exec(text)?.slice(1) ?? [text, ''])
  const wrong = pairs.find(([name = '', key]) => !keyNames.includes(name) || key === '')
  if (!wrong) return Object.fromEntries(pairs)
  const expected = keyNames.map(name => `${name}=KEY`).join(', ')
  throw new ServerError('ERR_USAGE', `--key expected ${expected}, got "${printable(wrong.join('='))}".`)
}

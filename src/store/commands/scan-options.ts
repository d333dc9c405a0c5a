import { integerOf, wordOf } from './arguments.ts'
import { syntaxError } from './command-error.ts'
import { globOf } from './glob.ts'

/** What a scan is asked for behind its cursor. */
export interface ScanOptions {
  /** How many rows it looks at. */
  readonly count: number
  /** The pattern, as it was given; undefined without one. */
  readonly pattern: Buffer | undefined
  matches(name: Buffer): boolean
  /** Of SCAN: the name of a type, in lower case. */
  readonly type: string | undefined
}

const countDefault = 10

/** Reads `[MATCH pattern] [COUNT count]`, and `[TYPE type]` if that is allowed. */
export function scanOptionsOf(words: readonly Buffer[], { hasType = false } = {}): ScanOptions {
  let count = countDefault
  let pattern: Buffer | undefined
  let type: string | undefined
  for (let i = 0; i < words.length; i += 2) {
    const word = wordOf(words[i])
    const argument = words[i + 1]
    if (!argument) throw syntaxError()
    if (word === 'COUNT') {
      count = integerOf(argument)
      if (count < 1) throw syntaxError()
    } else if (word === 'MATCH') pattern = argument
    else if (word === 'TYPE' && hasType) type = argument.toString('latin1').toLowerCase()
    else throw syntaxError()
  }
  return { count, pattern, type, matches: pattern ? globOf(pattern) : () => true }
}

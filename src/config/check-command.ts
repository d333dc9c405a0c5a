import { type Command, commandWords } from '../base/command-line.ts'
import { messageOf } from '../base/errors.ts'
import { findExecutable, type Runner } from '../base/find-executable.ts'

/** A command of the configuration, and everything that decides whether it can be run. */
export interface CommandCheck extends Command {
  /** `programs.redis.command` */
  readonly where: string
  /** Puts its values into the places of a text. */
  fill(text: string): string
  /** Undefined: it is not known where it will run, and it is only split. */
  readonly runner: Runner | undefined
  /** What is missing may be made by a program that ends before this one starts. */
  readonly mayComeLater: boolean
  /** What else has a shell, for the message. */
  readonly elsewhere?: string | undefined
}

/** What is wrong with a command: that it cannot be split, or cannot be run. A line, or none. */
export function checkCommand(check: CommandCheck): string[] {
  const { where, command, shell = false, fill, runner, mayComeLater, elsewhere } = check
  const words = wordsOf({ command, shell }, elsewhere)
  if (typeof words === 'string') return [`${where} ${words}.`]
  const filled = words.map(fill)
  if (filled.some(word => word.includes('\0'))) return [`${where} expected words without a NUL character.`]
  const [name = ''] = filled
  if (name === '') return [`${where} expected a command, got "".`]
  const found = runner && findExecutable(name, runner)
  if (!found || 'file' in found || (found.why === 'missing' && mayComeLater && name.includes('/'))) return []
  const hint = found.meant ? `, did you mean ${found.meant}?` : '.'
  return [`${where} expected a command that can be run, got ${JSON.stringify(name)} (${found.reason})${hint}`]
}

/** Its words, or what is wrong with them. */
function wordsOf(command: Command, elsewhere: string | undefined): readonly string[] | string {
  try {
    return commandWords(command, elsewhere)
  } catch (error) {
    return messageOf(error)
  }
}

/**
 * Command lines without a shell. People write a command as they would type it, or copy it from a crontab or a unit. So its
 * words are split as a POSIX shell splits them; and what only a shell can do is refused, because the alternative is a program
 * that is given `|` or `$HOME` as a word and says something puzzling about it, or nothing.
 */
import { ServerError } from './errors.ts'

/**
 * The words of a command line.
 *
 * ```ts
 * splitCommand(`redis-server --save '' --dir "/srv/my data"`)  // ['redis-server', '--save', '', '--dir', '/srv/my data']
 * ```
 *
 * @param elsewhere What gives the line to a shell, for the message.
 * @throws {ServerError} ERR_CONFIG_INVALID with the place, when a quote is not closed or the line needs a shell.
 */
export function splitCommand(text: string, elsewhere = 'set shell: true'): string[] {
  const words: string[] = []
  const line: Line = { text, at: text.length - text.trimStart().length, elsewhere }
  refuseAssignment(line)
  while (skipBlanks(line)) words.push(readWord(line))
  if (!words[0]) throw wrong('expected a command, got none')
  return words
}

export interface Command {
  readonly command: string | readonly string[]
  /** Give the text to a shell, and split nothing. */
  readonly shell?: boolean | undefined
}

/**
 * What is executed for a command as the configuration has it.
 *
 * @throws {ServerError} ERR_CONFIG_INVALID when it cannot be split.
 */
export function commandWords({ command, shell = false }: Command, elsewhere?: string): readonly string[] {
  if (typeof command === 'string') return shell ? ['/bin/sh', '-c', command] : splitCommand(command, elsewhere)
  if (shell) throw wrong('expected one text for the shell, got a list of words')
  if (command[0] === '') throw wrong('expected a command, got ""')
  return command
}

interface Line {
  readonly text: string
  at: number
  readonly elsewhere: string
}

/** What separates commands, sends output elsewhere or groups: a shell takes these as no part of a word. */
const operators = '|&;<>()'

/** Whether there is a word behind them. */
function skipBlanks(line: Line): boolean {
  // Also a line break that a backslash joins, and whatever blank there is at the end.
  const [blanks] = /^(?:[ \t]|\\\r?\n)*(?:\s*$)?/.exec(line.text.slice(line.at)) ?? ['']
  line.at += blanks.length
  return line.at < line.text.length
}

function readWord(line: Line): string {
  const start = line.at
  let word = ''
  while (line.at < line.text.length && !/^(?:[ \t]|\s*$)/.test(line.text.slice(line.at))) {
    const character = line.text.charAt(line.at)
    if (character === "'") word += readSingle(line)
    else if (character === '"') word += readDouble(line)
    else if (character === '\\') word += readEscaped(line)
    else {
      refuseUnquoted(line, start)
      word += character
      line.at++
    }
  }
  return word
}

function readSingle(line: Line): string {
  const end = line.text.indexOf("'", line.at + 1)
  if (end < 0) throw unclosed(line.at, "'")
  const inside = line.text.slice(line.at + 1, end)
  line.at = end + 1
  return inside
}

function readDouble(line: Line): string {
  const start = line.at
  let inside = ''
  for (line.at++; line.at < line.text.length; line.at++) {
    const character = line.text.charAt(line.at)
    if (character === '"') {
      line.at++
      return inside
    }
    if (character === '\\' && /[$`"\\\n]/.test(line.text.charAt(line.at + 1))) {
      const escaped = line.text.charAt(++line.at)
      inside += escaped === '\n' ? '' : escaped
    } else {
      // A shell puts values in here, too; quotes behind a dollar are none of them.
      const found = expansionAt(line)
      if (found && !/['"]/.test(found)) throw needsShell(line, found, 'put it in single quotes')
      inside += character
    }
  }
  throw unclosed(start, '"')
}

function readEscaped(line: Line): string {
  const escaped = line.text.charAt(line.at + 1)
  if (escaped === '') throw wrong('expected a character behind the last \\, got none')
  line.at += 2
  return escaped === '\n' ? '' : escaped
}

/** What a shell would replace at this place. `{env.X}` is ours, and so are other braces. */
function expansionAt({ text, at }: Line): string {
  return /^(?:\$(?:[A-Za-z_]\w*|\{[^}]*\}?|[('"\d@*#?$!-])|`)/.exec(text.slice(at, at + 64))?.[0] ?? ''
}

function refuseUnquoted(line: Line, start: number): void {
  const character = line.text.charAt(line.at)
  if (character === '\n') {
    const message = `expected a command of one line, got a second one at character ${line.at + 1}`
    throw wrong(`${message}: end the first with \\, or ${line.elsewhere}`)
  }
  const isFirst = line.at === start
  // `[::1]:80` and `?` in a URL are no patterns that a shell would find a file for.
  const isSpecial =
    operators.includes(character) || character === '*' || (isFirst && (character === '~' || character === '#'))
  const found = isSpecial ? character : expansionAt(line)
  if (found) throw needsShell(line, found, 'put it in quotes')
}

/** `PORT=80 app`: an assignment to a shell, and to execve the name of a file. */
function refuseAssignment({ text, at }: Line): void {
  const name = /^([A-Za-z_]\w*)=/.exec(text.slice(at))?.[1]
  if (name !== undefined) throw wrong(`expected a command, got the variable ${name}: put it into env`)
}

function needsShell({ at, elsewhere }: Line, found: string, advice: string): ServerError {
  const what = `${JSON.stringify(found)} at character ${at + 1}`
  return wrong(`expected a command that needs no shell, got ${what}: ${advice}, or ${elsewhere}`)
}

function unclosed(at: number, quote: string): ServerError {
  return wrong(`expected a second ${quote} for the one at character ${at + 1}, got none`)
}

function wrong(message: string): ServerError {
  return new ServerError('ERR_CONFIG_INVALID', message)
}

import { basename } from 'node:path'
import { messageOf, ServerError } from '../../base/errors.ts'
import { splitWords } from '../words.ts'
import { type PythonValue, textValue } from './python-values.ts'
import { gunicornSettings, settingOfFlag } from './settings.ts'

/** A command line of Gunicorn, taken apart. */
export interface GunicornCommand {
  /** Variables before it: `PORT=80 gunicorn …`. */
  readonly variables: ReadonlyMap<string, string>
  /** What it begins with: `venv/bin/gunicorn`, or `python -m gunicorn`. */
  readonly program: readonly string[]
  readonly flags: readonly Flag[]
  /** `module:app`. */
  readonly app: string | undefined
}

export interface Flag {
  /** The setting; undefined when Gunicorn knows no such flag. */
  readonly setting: string | undefined
  /** As it stands there. */
  readonly words: readonly string[]
  readonly value: PythonValue
}

/** Without a command line. */
export const plainCommand: GunicornCommand = { variables: new Map(), program: ['gunicorn'], flags: [], app: undefined }

/**
 * Reads `gunicorn -w 8 -b :4000 -k gevent manage:app`.
 *
 * @throws {ServerError} ERR_USAGE when it is none.
 */
export function parseCommand(text: string): GunicornCommand {
  const words = split(text)
  const start = words.findIndex(word => !/^[A-Za-z_]\w*=/.test(word))
  const end = words.findIndex(word => /^gunicorn\d?$/.test(basename(word)))
  if (end < 0) throw refused(`got ${JSON.stringify(text)}`)
  const variables = words.slice(0, Math.max(0, start)).map(word => splitOnce(word, '='))
  const { flags, rest } = readFlags(words.slice(end + 1))
  return { variables: new Map(variables), program: words.slice(start, end + 1), flags, app: rest[0] }
}

function split(text: string): string[] {
  try {
    return splitWords(text)
  } catch (error) {
    throw refused(messageOf(error))
  }
}

function refused(reason: string): ServerError {
  return new ServerError('ERR_USAGE', `--command expected a command line such as "gunicorn -w 4 shop:app", ${reason}.`)
}

function readFlags(words: readonly string[]): { flags: Flag[]; rest: string[] } {
  const flags: Flag[] = []
  const rest: string[] = []
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? ''
    if (!/^-./.test(word)) {
      rest.push(word)
      continue
    }
    const { name, attached } = splitFlag(word)
    const setting = settingOfFlag(name)
    const row = setting === undefined ? undefined : gunicornSettings[setting]
    const isSwitch = row === undefined || row.isSwitch === true
    const value = attached ?? (isSwitch ? undefined : words[++at])
    const isPair = attached === undefined && value !== undefined
    flags.push({ setting, words: isPair ? [word, value] : [word], value: valueOfFlag(value) })
  }
  return { flags, rest }
}

/** `--workers=4` and `-w4` hold their value. */
function splitFlag(word: string): { name: string; attached: string | undefined } {
  if (word.includes('=')) {
    const [name, attached] = splitOnce(word, '=')
    if (word.startsWith('--') || name.length === 2) return { name, attached }
  }
  if (word.startsWith('--')) return { name: word, attached: undefined }
  return word.length > 2 ? { name: word.slice(0, 2), attached: word.slice(2) } : { name: word, attached: undefined }
}

function valueOfFlag(value: string | undefined): PythonValue {
  if (value === undefined) return { kind: 'boolean', value: true }
  return /^\d+$/.test(value) ? { kind: 'number', value: Number(value) } : textValue([value])
}

function splitOnce(text: string, mark: string): [string, string] {
  const at = text.indexOf(mark)
  return [text.slice(0, at), text.slice(at + 1)]
}

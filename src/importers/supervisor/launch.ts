import { resolve } from 'node:path'
import { messageOf, ServerError } from '../../base/errors.ts'
import { hintFor } from '../hints.ts'
import { code, entry, section, type Value } from '../source.ts'
import { isFolder, plainOf, settingOf, type Text, templateOf } from '../text.ts'
import { commandOf, splitWords } from '../words.ts'
import { nameOf } from './ini.ts'
import { type Numbers, withInstance } from './instances.ts'
import type { ProgramContext, SectionReader } from './section-reader.ts'
import { readVariables } from './variables.ts'

export interface LaunchContext extends ProgramContext {
  readonly numbers: Numbers
}

/** What is run, where, as whom, and with which variables. */
export function readLaunch(reader: SectionReader, context: LaunchContext) {
  const { target, numbers, user } = context
  const env = readEnv(reader, context)
  const folder = folderOf(reader, context)
  const cwd = folder && templateOf(withInstance(folder, numbers) ?? folder, target)
  return [
    ...readCommand(reader, context, knownFolder(folder, target)),
    entry('instances', numbers.count === 1 ? undefined : numbers.count),
    entry('cwd', cwd === '.' ? undefined : cwd),
    entry('env', env),
    entry('user', readUser(reader) ?? user),
    entry('umask', readUmask(reader)),
    entry('listen', readSocket(reader)),
  ]
}

/** Its own variables, and what it has in common with all. They are known to `%(ENV_X)s` of its other values. */
function readEnv(reader: SectionReader, { variables: common, numbers, target }: LaunchContext): Value | undefined {
  const own = readVariables(reader)
  reader.define(own)
  const spread = common.size === 0 ? [] : [entry('...environment', '')]
  if (own.size === 0) return common.size === 0 ? undefined : code('environment')
  return section([
    ...spread,
    ...[...own].map(([name, text]) => entry(name, variableOf(withInstance(text, numbers) ?? text, target))),
  ])
}

/** The value of a variable, in which only absolute paths are of use. */
export function variableOf(text: Text, target: string): Value {
  return text.some(isFolder) ? settingOf(text, target) : templateOf(text, target)
}

function folderOf(reader: SectionReader, { base }: LaunchContext): Text | undefined {
  const text = reader.text('directory')
  if (text === undefined) return base === undefined ? undefined : [{ kind: 'folder', path: base }]
  if (base === undefined) reader.noteRelative('directory', text)
  const [first, ...rest] = text
  if (base === undefined || typeof first !== 'string' || first.startsWith('/')) return text
  return [{ kind: 'folder', path: base }, `/${first}`, ...rest]
}

/** The folder that relative paths of the command count from, on this machine. */
function knownFolder(text: Text | undefined, target: string): string | undefined {
  const plain = text && plainOf(text.map(part => (isFolder(part) ? part.path : part)))
  if (text !== undefined && plain === undefined) return undefined
  return resolve(target, plain ?? '.')
}

function readCommand(reader: SectionReader, { numbers }: LaunchContext, folder: string | undefined) {
  const text = reader.text('command') ?? []
  const words = split(reader, templateOf(withInstance(text, numbers) ?? text, folder))
  noteVariables(reader, text)
  const hint = hintFor(words, nameOf(reader.section))
  if (hint !== undefined) reader.report.hint(reader.place('command'), hint)
  if (!isFastCgi(reader)) return [entry('command', commandOf(words))]
  // supervisord passes a socket as fd 0; systemd and Saola do so from fd 3 on.
  const command = ['/bin/sh', '-c', 'exec "$@" <&3', 'sh', ...words]
  return [entry('command', command, 'its socket is fd 3, and it looks for it at fd 0')]
}

function split(reader: SectionReader, template: string): string[] {
  try {
    const words = splitWords(template)
    if (words.length > 0) return words
    throw new Error('there is no command')
  } catch (error) {
    const { file, line, setting } = reader.place('command')
    const message = `Cannot import ${file} (supervisord could not run it either).`
    const problems = [`${file}:${line}  ${setting}: ${messageOf(error)}.`]
    throw new ServerError('ERR_IMPORT_UNREADABLE', message, { cause: error, problems })
  }
}

/** supervisord splits a command when its variables are filled in, Saola before. */
function noteVariables(reader: SectionReader, text: Text): void {
  for (const [index, part] of text.entries()) {
    if (typeof part !== 'object' || part.kind !== 'env') continue
    const before = text[index - 1] ?? ' '
    const after = text[index + 1] ?? ' '
    const isWord = typeof before === 'string' && /\s$/.test(before) && typeof after === 'string' && /^\s/.test(after)
    const note = `{env.${part.name}} stays one word when there are blanks in it, which supervisord makes several of`
    if (isWord) reader.report.changed(reader.place('command'), note)
  }
}

function readUser(reader: SectionReader): Value | undefined {
  const text = reader.text('user')
  return text && settingOf(text)
}

function readUmask(reader: SectionReader): string | undefined {
  const text = reader.plain('umask')
  if (text === undefined || /^0?[0-7]{1,3}$/.test(text)) return text
  reader.report.skipped(reader.place('umask'), 'supervisord expects an octal number such as 022')
  return undefined
}

function isFastCgi(reader: SectionReader): boolean {
  return reader.section.name.startsWith('fcgi-program:')
}

/** The socket of a `[fcgi-program:x]`. */
function readSocket(reader: SectionReader): Value | undefined {
  if (!isFastCgi(reader)) return undefined
  for (const key of ['socket_owner', 'socket_mode', 'socket_backlog']) {
    if (reader.raw(key) !== undefined)
      reader.report.missing(reader.place(key), 'the socket is open to the user of Saola')
  }
  const text = reader.text('socket') ?? []
  const [first = '', ...rest] = text
  const address = typeof first === 'string' ? first.replace(/^tcp:\/\//, '').replace(/^unix:\/\//, 'unix:') : first
  return text.length === 0 ? undefined : settingOf([address, ...rest])
}

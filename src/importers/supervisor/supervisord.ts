import { dirname, isAbsolute, resolve } from 'node:path'
import { lookUp } from '../look-up.ts'
import { entry, sectionOf, type Value } from '../source.ts'
import { isFolder, pathOf, plainOf, settingOf, type Text } from '../text.ts'
import type { IniSection } from './ini.ts'
import { logPath, sizeOf } from './output.ts'
import { type Context, SectionReader } from './section-reader.ts'
import { noteUnread } from './unread.ts'
import { readVariables } from './variables.ts'

/** What `[supervisord]` says of the tree, and of all programs. */
export interface Supervisord {
  /** At the top level of the configuration. */
  readonly entries: readonly { readonly key: string; readonly value: Value | undefined }[]
  readonly variables: ReadonlyMap<string, Text>
  readonly base: string | undefined
  readonly user: Value | undefined
}

const levels: Readonly<Record<string, string>> = {
  critical: 'error',
  error: 'error',
  warn: 'warn',
  info: 'info',
  debug: 'debug',
  trace: 'debug',
  blather: 'debug',
}

/** Keys that there is nothing for, and why. */
const missing: Readonly<Record<string, string>> = {
  minfds: 'the limit is that of who starts Saola: LimitNOFILE= of systemd, or ulimit -n',
  minprocs: 'the limit is that of who starts Saola: LimitNPROC= of systemd, or ulimit -u',
  nocleanup: 'there are no temporary files of output to be removed',
  childlogdir: 'output without a file goes to Saola\'s own, and "saola logs NAME" shows it',
  strip_ansi: 'colours of programs stay in their output',
  identifier: '"name" is what Saola calls a tree; it needs none',
  silent: 'Saola always logs: log.file moves it away from standard output',
}

export function readSupervisord(ini: IniSection, context: Context): Supervisord {
  const reader = new SectionReader(ini, context)
  const variables = readVariables(reader)
  reader.define(variables)
  const base = readBase(reader, context)
  for (const [key, reason] of Object.entries(missing)) {
    if (reader.raw(key) !== undefined && !isOff(reader.raw(key))) reader.report.missing(reader.place(key), reason)
  }
  noteForeground(reader)
  const entries = [
    entry('log', readLog(reader, context.target, base)),
    entry('pidFile', readPidFile(reader, context.target, base)),
    entry('umask', reader.plain('umask')),
  ]
  const user = readUser(reader)
  noteUnread(reader, [...Object.keys(missing), 'logfile', 'pidfile', 'umask', 'nodaemon', 'user', 'directory'])
  return { entries, variables, base, user }
}

function isOff(value: string | undefined): boolean {
  return /^(?:false|no|off|0)$/i.test(value?.trim() ?? '')
}

/** Where supervisord runs, and relative paths count from. */
function readBase(reader: SectionReader, { cwd }: Context): string | undefined {
  const text = reader.text('directory')
  const plain = text && plainOf(text.map(part => (isFolder(part) ? part.path : part)))
  if (text && plain === undefined) {
    reader.report.skipped(reader.place('directory'), 'write it into the configuration, as "cwd" of each program')
  }
  return plain && (isAbsolute(plain) ? plain : resolve(cwd, dirname(reader.section.file), plain))
}

function noteForeground(reader: SectionReader): void {
  const isForeground = reader.boolean('nodaemon')
  if (isForeground !== false) return
  const note = 'Saola stays in the foreground, and systemd or a container starts it: "saola init systemd"'
  reader.report.changed(reader.place('nodaemon'), note)
}

function readLog(reader: SectionReader, target: string, base: string | undefined): Value | undefined {
  const text = reader.text('logfile')
  const plain = text && plainOf(text)
  const level = readLevel(reader)
  const [bytes, backups] = [reader.size('logfile_maxbytes'), reader.integer('logfile_backups')]
  const isFile =
    text !== undefined && !(plain && /^(?:none|off|syslog|\/dev\/(?:null|stdout|stderr|fd\/[12]))$/i.test(plain))
  if (text && !isFile) {
    const note = 'the output of programs without a file stands in the same log: it goes to standard output'
    reader.report.changed(reader.place('logfile'), note)
  }
  if (!isFile) return sectionOf({ level })
  return sectionOf({
    level,
    file: pathOf(logPath(text, base), target),
    maxBytes: bytes === undefined || bytes === 50 * 1024 ** 2 ? undefined : sizeOf(bytes),
    backups: backups === 10 ? undefined : backups,
  })
}

function readLevel(reader: SectionReader): string | undefined {
  const given = reader.plain('loglevel')?.trim().toLowerCase()
  if (given === undefined) return undefined
  const level = lookUp(levels, given)
  if (level !== given) {
    const note = level === undefined ? 'supervisord knows no such level' : `the nearest level is ${level}`
    reader.report.changed(reader.place('loglevel'), note)
  }
  return level === 'info' ? undefined : level
}

function readPidFile(reader: SectionReader, target: string, base: string | undefined): Value | undefined {
  const text = reader.text('pidfile')
  return text && pathOf(logPath(text, base), target)
}

function readUser(reader: SectionReader): Value | undefined {
  const text = reader.text('user')
  if (text === undefined) return undefined
  if (plainOf(text) === 'root' || plainOf(text) === '0') return undefined
  const note = 'it is the user of each program that has none; Saola itself stays who started it: User= of systemd'
  reader.report.changed(reader.place('user'), note)
  return settingOf(text)
}

import { formatSize } from '../../base/units.ts'
import { sectionOf, type Value } from '../source.ts'
import { plainOf, type Text, templateOf } from '../text.ts'
import { type Numbers, withInstance } from './instances.ts'
import type { SectionReader } from './section-reader.ts'

export interface Output {
  readonly stdout: Value | undefined
  readonly stderr: Value | undefined
}

export interface OutputContext {
  readonly numbers: Numbers
  /** The folder of the configuration that is written. */
  readonly target: string
  /** What relative paths count from in supervisord, if it says so. */
  readonly base: string | undefined
}

const bytesDefault = 50 * 1024 ** 2
const backupsDefault = 10

const streams = ['stdout', 'stderr'] as const
type Stream = (typeof streams)[number]

/** Where a program writes to. Without a file, it is Saola's own output, where supervisord has a temporary file. */
export function readOutput(reader: SectionReader, context: OutputContext): Output {
  for (const stream of streams) noteExtras(reader, stream)
  const isMerged = reader.boolean('redirect_stderr') === true
  const stdout = readFile(reader, 'stdout', context)
  if (isMerged) {
    for (const key of ['stderr_logfile', 'stderr_logfile_maxbytes', 'stderr_logfile_backups']) reader.raw(key)
    return { stdout, stderr: 'stdout' }
  }
  const stderr = readFile(reader, 'stderr', context)
  const isSame = stdout !== undefined && reader.raw('stdout_logfile') === reader.raw('stderr_logfile')
  if (!isSame || isNone(reader.raw('stdout_logfile'))) return { stdout, stderr }
  reader.report.changed(reader.place('stderr_logfile'), 'the file is that of stdout, so both go there in their order')
  return { stdout, stderr: 'stdout' }
}

/** What supervisord does with output beside writing it. */
function noteExtras(reader: SectionReader, stream: Stream): void {
  if ((reader.size(`${stream}_capture_maxbytes`) ?? 0) > 0) {
    reader.report.missing(reader.place(`${stream}_capture_maxbytes`), 'nothing is captured between tags of the output')
  }
  if (reader.boolean(`${stream}_events_enabled`)) {
    reader.report.missing(reader.place(`${stream}_events_enabled`), '"saola logs NAME -f" follows the lines instead')
  }
  if (reader.boolean(`${stream}_syslog`)) noteSyslog(reader, `${stream}_syslog`)
}

function noteSyslog(reader: SectionReader, key: string): void {
  reader.report.missing(reader.place(key), "Saola's own output is what systemd puts into the journal")
}

function readFile(reader: SectionReader, stream: Stream, context: OutputContext): Value | undefined {
  const key = `${stream}_logfile`
  const text = reader.text(key)
  const limits = {
    maxBytes: reader.size(`${key}_maxbytes`) ?? bytesDefault,
    backups: reader.integer(`${key}_backups`) ?? backupsDefault,
  }
  const plain = text && plainOf(text)?.toLowerCase()
  if (text === undefined || plain === 'auto' || plain === '') return undefined
  if (isNone(plain)) return sectionOf({ file: '/dev/null', maxBytes: 0 })
  if (plain === 'syslog') return noteSyslog(reader, key) as undefined
  if (plain !== undefined && isStandardStream(plain)) return noteStream(reader, key)
  return sectionOf({
    file: fileOf(reader, key, { text, context }),
    maxBytes: limits.maxBytes === bytesDefault ? undefined : sizeOf(limits.maxBytes),
    backups: limits.backups === backupsDefault || limits.maxBytes === 0 ? undefined : limits.backups,
  })
}

function isNone(name: string | undefined): boolean {
  return name !== undefined && /^(?:none|off|\/dev\/null)$/i.test(name)
}

function isStandardStream(path: string): boolean {
  return /^\/(?:dev\/(?:stdout|stderr|fd\/[12]|tty)|proc\/(?:1|self)\/fd\/[12])$/.test(path)
}

function noteStream(reader: SectionReader, key: string): undefined {
  for (const limit of ['maxbytes', 'backups']) reader.raw(`${key}_${limit}`)
  const text =
    'it goes to Saola\'s own output, with its name and the time; log.format "raw" leaves the lines as they are'
  reader.report.once('changed', reader.place(key), text)
  return undefined
}

/** A size as it is written, `'50MB'`; 0 is plain. */
export function sizeOf(bytes: number): Value {
  return bytes === 0 ? 0 : formatSize(bytes)
}

interface FileText {
  readonly text: Text
  readonly context: OutputContext
}

function fileOf(reader: SectionReader, key: string, { text, context }: FileText): Value {
  const { numbers, base, target } = context
  if (base === undefined) reader.noteRelative(key, text)
  const numbered = withInstance(text, numbers)
  if (!numbered) reader.report.changed(reader.place(key), 'the number in its name is {instance}, which counts from 0')
  return templateOf(logPath(numbered ?? text, base), target)
}

/** As supervisord finds it: `~` is a home, and a relative path counts from where it runs. */
export function logPath(text: Text, base: string | undefined): Text {
  const [first, ...rest] = text
  if (typeof first !== 'string' || first.startsWith('/')) return text
  if (/^~(?=\/|$)/.test(first)) return [{ kind: 'env', name: 'HOME' }, first.slice(1), ...rest]
  return base === undefined ? text : [{ kind: 'folder', path: base }, `/${first}`, ...rest]
}

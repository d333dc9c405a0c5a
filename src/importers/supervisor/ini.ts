/**
 * Reads an INI file as supervisord does, which is how Python's RawConfigParser does it when `;` and `#` behind a blank begin
 * a comment. So a `command` with ` ;` in it ends there: that is no mistake of the import.
 */
import { ServerError } from '../../base/errors.ts'
import { shorten } from '../report.ts'

export interface IniEntry {
  /** In lower case, as Python has it. */
  readonly key: string
  /** All of its lines, joined by line breaks. */
  readonly value: string
  readonly file: string
  readonly line: number
}

export interface IniSection {
  readonly name: string
  readonly file: string
  readonly line: number
  readonly entries: ReadonlyMap<string, IniEntry>
}

/** The `x` of `[program:x]`. */
export function nameOf({ name }: IniSection): string {
  return name.slice(name.indexOf(':') + 1).trim()
}

export interface IniFile {
  /** As the user names it. */
  readonly file: string
  readonly text: string
}

const problemsMax = 20

interface OpenEntry {
  readonly key: string
  readonly line: number
  readonly lines: string[]
}

interface OpenSection {
  readonly name: string
  readonly file: string
  readonly line: number
  readonly entries: Map<string, IniEntry>
}

/**
 * The sections of several files, as if they were one: a section or key that comes again adds to the first, and the last
 * value counts.
 *
 * @throws {ServerError} ERR_IMPORT_UNREADABLE with each line that is none.
 */
export function parseIni(files: readonly IniFile[]): IniSection[] {
  const sections = new Map<string, OpenSection>()
  const problems = files.flatMap(file => readFile(file, sections))
  if (problems.length === 0) return [...sections.values()]
  const [first = { file: '' }] = files
  const message = `Cannot import ${first.file} (it is no configuration of supervisord).`
  throw new ServerError('ERR_IMPORT_UNREADABLE', message, { problems: problems.slice(0, problemsMax) })
}

interface Reading {
  readonly file: string
  readonly problems: string[]
  section: OpenSection | undefined
  entry: OpenEntry | undefined
  /** How far the line was set in that began the entry: what stands further to the right continues it. */
  indent: number
}

function readFile({ file, text }: IniFile, sections: Map<string, OpenSection>): string[] {
  const reading: Reading = { file, problems: [], section: undefined, entry: undefined, indent: 0 }
  for (const [index, line] of text.split('\n').entries()) readLine(line, index + 1, reading, sections)
  closeEntry(reading)
  return reading.problems
}

function readLine(line: string, number: number, reading: Reading, sections: Map<string, OpenSection>): void {
  const { content, hasComment } = withoutComment(line)
  if (content === '') {
    if (!hasComment) reading.entry?.lines.push('')
    return
  }
  const indent = line.search(/\S/)
  if (reading.entry && indent > reading.indent) {
    reading.entry.lines.push(content)
    return
  }
  reading.indent = indent
  closeEntry(reading)
  const header = /^\[([^\]]+)\]/.exec(content)?.[1]
  if (header !== undefined) reading.section = openSection(header, reading.file, number, sections)
  else readEntry(content, number, reading)
}

function openSection(name: string, file: string, line: number, sections: Map<string, OpenSection>): OpenSection {
  const section = sections.get(name) ?? { name, file, line, entries: new Map() }
  sections.set(name, section)
  return section
}

function readEntry(content: string, line: number, reading: Reading): void {
  const [, key = '', value = ''] = /^(.*?)\s*[=:]\s*(.*)$/.exec(content) ?? []
  if (reading.section && key !== '') {
    reading.entry = { key: key.toLowerCase(), line, lines: [value] }
    return
  }
  const expected = reading.section ? 'key=value' : 'a [section] first'
  reading.problems.push(`${reading.file}:${line} expected ${expected}, got ${JSON.stringify(shorten(content))}.`)
}

function closeEntry(reading: Reading): void {
  const { entry, section, file } = reading
  reading.entry = undefined
  if (!entry || !section) return
  const value = entry.lines.join('\n').trimEnd()
  section.entries.set(entry.key, { key: entry.key, value, file, line: entry.line })
}

/** A comment fills a line, or stands behind a blank. */
function withoutComment(line: string): { content: string; hasComment: boolean } {
  const start = /(?:^|\s)[;#]/.exec(line)
  return { content: (start ? line.slice(0, start.index) : line).trim(), hasComment: start !== null }
}

import { globSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { readSource } from '../read-source.ts'
import type { Report } from '../report.ts'
import { expand } from './expand.ts'
import { type IniEntry, type IniFile, type IniSection, parseIni } from './ini.ts'

const filesMax = 256

/**
 * The sections of a configuration, with those of the files that it includes.
 *
 * @throws {ServerError} ERR_IMPORT_UNREADABLE
 */
export function readSections(file: string, cwd: string, report: Report): IniSection[] {
  const main = { file, text: readSource(resolve(cwd, file)) }
  const include = parseIni([main]).find(({ name }) => name === 'include')
  const entry = include?.entries.get('files')
  if (include && !entry) {
    report.skipped({ file, line: include.line, setting: '[include]' }, 'it has no files; supervisord refuses that')
  }
  const included = entry ? readIncluded(entry, cwd, report) : []
  return parseIni([main, ...included])
}

function readIncluded(entry: IniEntry, cwd: string, report: Report): IniFile[] {
  const folder = dirname(resolve(cwd, entry.file))
  const place = { file: entry.file, line: entry.line, setting: `[include] files=${entry.value}` }
  const seen = new Set([resolve(cwd, entry.file)])
  const patterns = textOf(entry, folder).split(/\s+/).filter(Boolean)
  const paths = patterns.flatMap(pattern => {
    const found = findFiles(resolve(folder, pattern))
    if (found.length === 0) report.skipped(place, `no file matches ${pattern}`)
    const fresh = found.filter(path => !seen.has(path))
    for (const path of fresh) seen.add(path)
    return fresh
  })
  if (paths.length > filesMax) report.skipped(place, `only the first ${filesMax} of ${paths.length} files were read`)
  const files = paths.slice(0, filesMax).map(path => ({ file: relative(cwd, path), text: readSource(path) }))
  for (const file of files) refuseNested(file, report)
  return files
}

function textOf(entry: IniEntry, folder: string): string {
  const { text } = expand(entry.value, { values: new Map(), variables: new Map(), folder })
  return text
    .map(part => {
      if (typeof part === 'string') return part
      return part.kind === 'env' ? process.env[part.name] : folder
    })
    .join('')
}

/** As Python's glob: in order of their names, and `**` is no more than `*`. */
function findFiles(pattern: string): string[] {
  return globSync(pattern.replace(/\*\*+/g, '*'))
    .filter(path => statSync(path, { throwIfNoEntry: false })?.isFile())
    .map(path => join(path))
    .sort()
}

/** supervisord reads what the first file includes, and goes no further: so files cannot include each other in a circle. */
function refuseNested(file: IniFile, report: Report): void {
  const nested = parseIni([file]).find(({ name }) => name === 'include')
  if (!nested) return
  const place = { file: file.file, line: nested.line, setting: '[include]' }
  report.skipped(place, 'supervisord does not read an [include] of an included file either')
}

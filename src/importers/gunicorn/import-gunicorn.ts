import { basename, resolve } from 'node:path'
import { ServerError } from '../../base/errors.ts'
import { suggest } from '../../base/suggest.ts'
import { findFile, folderFrom, type ImportFolders } from '../folders.ts'
import type { Imported } from '../imported.ts'
import { readSource, unreadable } from '../read-source.ts'
import { Report } from '../report.ts'
import { entry, section } from '../source.ts'
import { type GunicornCommand, parseCommand, plainCommand } from './command-line.ts'
import { edgeApplication } from './edge.ts'
import { type GivenSetting, GivenSettings, placeOf } from './given.ts'
import { gunicornProgram } from './program.ts'
import { type PythonModule, readPythonModule } from './python-module.ts'
import { PythonSyntaxError } from './python-tokens.ts'
import type { PythonValue } from './python-values.ts'
import { gunicornSettings } from './settings.ts'

/** What Gunicorn reads by itself. */
export const gunicornFiles = ['gunicorn.conf.py', 'gunicorn_conf.py', 'gunicorn.py', 'gunicorn_config.py']

const name = 'gunicorn'

export interface GunicornRequest extends ImportFolders {
  readonly file: string | undefined
  /** `gunicorn -w 8 manage:app`. */
  readonly command: string | undefined
  /** `module:app`. */
  readonly app: string | undefined
}

/**
 * Makes a configuration of Gunicorn's, and never runs it: Gunicorn stays a program, and Saola's edge stands in front of it.
 *
 * @throws {ServerError} ERR_IMPORT_UNREADABLE when there is nothing to be had from it.
 */
export function importGunicorn({ cwd, target, ...request }: GunicornRequest): Imported {
  const report = new Report()
  const command = request.command === undefined ? plainCommand : parseCommand(request.command)
  const file = fileOf(request.file, command, cwd)
  const module = file === undefined ? undefined : readModule(file, cwd)
  const ofFile = file === undefined || !module ? [] : settingsOf(module, file, report)
  const given = new GivenSettings([...ofFile, ...flagsOf(command, report)], target, report)
  const app = appOf(given, command, request)
  noteSettings(given)
  return {
    source: {
      comment: [
        `From ${file ?? 'a command line'}, by "saola import gunicorn": Gunicorn runs the application, and Saola's edge is in front.`,
      ],
      constants: [],
      config: section([
        entry('apps', section([entry('web', edgeApplication(given, name))])),
        entry(
          'programs',
          section([entry(name, gunicornProgram(given, { command, app, file: file && seenFrom(target, cwd, file) }))]),
        ),
      ]),
    },
    notes: report.notes,
    summary: 'an edge and a program',
  }
}

/** The file that was named, that of the command line, or the one that Gunicorn finds by itself. */
function fileOf(chosen: string | undefined, command: GunicornCommand, cwd: string): string | undefined {
  if (chosen !== undefined) return chosen
  const flag = command.flags.find(({ setting }) => setting === 'config')?.value
  const ofFlag = flag?.kind === 'text' ? String(flag.text[0]).replace(/^file:/, '') : undefined
  if (ofFlag?.startsWith('python:')) throw unreadable(ofFlag, 'it is the name of a module: name its file')
  const found = ofFlag ?? findFile(cwd, command === plainCommand ? gunicornFiles : gunicornFiles.slice(0, 1))
  if (found !== undefined || command !== plainCommand) return found
  const message = `There is no ${gunicornFiles[0]} in ${cwd}. Name the file to import, or give --command "gunicorn …".`
  throw new ServerError('ERR_IMPORT_UNREADABLE', message)
}

function seenFrom(target: string, cwd: string, file: string): string {
  const folder = folderFrom(target, resolve(cwd, file, '..'))
  return folder === '.' ? basename(file) : `${folder}/${basename(file)}`
}

function readModule(file: string, cwd: string): PythonModule {
  try {
    return readPythonModule(readSource(resolve(cwd, file)), resolve(cwd, file))
  } catch (error) {
    if (!(error instanceof PythonSyntaxError)) throw error
    throw unreadable(file, `line ${error.line} is no Python: ${error.message}`, error)
  }
}

/** The settings of the file; with a note for each line that holds none, or one that only Python knows. */
function settingsOf({ assignments, uses, open }: PythonModule, file: string, report: Report): GivenSetting[] {
  for (const { line, source } of open) {
    report.skipped(placeOf(file, line, source), 'it may set anything, and cannot be read without running Python')
  }
  const settings: GivenSetting[] = []
  for (const [setting, { value, line, source }] of assignments) {
    const place = placeOf(file, line, source)
    if (isConcurrency(value)) report.changed(place, concurrency)
    if (Object.hasOwn(gunicornSettings, setting)) settings.push({ name: setting, value, place })
    // A name that is used somewhere is a step on the way to another.
    else if (uses.get(setting) === 1 && value.kind !== 'function' && !setting.startsWith('_'))
      noteUnknown(setting, report, place)
  }
  return settings
}

function noteUnknown(setting: string, report: Report, place: GivenSetting['place']): void {
  const byFlag = Object.keys(gunicornSettings).find(known =>
    gunicornSettings[known]?.flags.some(flag => flag.replace(/-/g, '') === setting.replace(/_/g, '')),
  )
  const meant = byFlag ?? suggest(setting, Object.keys(gunicornSettings))
  report.skipped(place, `Gunicorn has no setting ${setting}, and ignores it${meant ? `; did you mean ${meant}?` : ''}`)
}

function flagsOf({ flags }: GunicornCommand, report: Report): GivenSetting[] {
  return flags.flatMap(({ setting, words, value }) => {
    const place = { file: '--command', setting: words.join(' ') }
    if (setting !== undefined) return [{ name: setting, value: listed(setting, value, flags), place }]
    report.skipped(place, 'Gunicorn has no such flag')
    return []
  })
}

/** A flag that may come several times makes a list. */
function listed(setting: string, value: PythonValue, flags: GunicornCommand['flags']): PythonValue {
  const items = flags.filter(flag => flag.setting === setting).map(flag => flag.value)
  return items.length === 1 ? value : { kind: 'list', items }
}

/** What runs: the argument comes before the command line, and that before the file. */
function appOf(given: GivenSettings, command: GunicornCommand, { app, file }: Pick<GunicornRequest, 'app' | 'file'>) {
  const chosen = app ?? command.app
  if (chosen !== undefined || given.has('wsgi_app') || given.has('paste')) return chosen
  const where = file ?? gunicornFiles[0] ?? ''
  throw unreadable(where, 'it has no wsgi_app. Say what runs: --app module:app, as on the command line of Gunicorn')
}

const eventLoops = /^(?:gevent|eventlet|tornado|asgi|uvicorn)|Uvicorn|Gevent|ASGI|Tornado/

function noteSettings(given: GivenSettings): void {
  const kind = given.plain('worker_class') ?? 'sync'
  for (const setting of given.all) noteSetting(setting, given)
  const workers = given.get('workers')
  if (workers?.value.kind === 'cores') given.report.hint(workers.place, workersHint(kind))
  const threads = given.get('threads')
  if (threads && eventLoops.test(kind))
    given.report.hint(threads.place, `Gunicorn ignores it with worker_class ${kind}`)
}

function noteSetting({ name: setting, value, place }: GivenSetting, given: GivenSettings): void {
  const row = gunicornSettings[setting]
  const isOff = value.kind === 'none' || (value.kind === 'boolean' && !value.value)
  if (row?.note && !isOff) {
    const [kind, text] = row.note
    given.report[kind](place, text)
  } else if (value.kind === 'function') given.report.hint(place, 'Gunicorn goes on calling it')
  else if (value.kind === 'unknown' && !row?.isOfEdge) {
    given.report.hint(place, `${value.reason}; Gunicorn goes on reading it`)
  }
}

const concurrency =
  'WEB_CONCURRENCY is also the number of workers of apps.web, which are those of the edge: set workers of apps.web'

function isConcurrency(value: PythonValue): boolean {
  const text = value.kind === 'text' || value.kind === 'variable' ? value.text : []
  return text.some(part => typeof part === 'object' && part.kind === 'env' && part.name === 'WEB_CONCURRENCY')
}

/** Two for each core and one more is a rule for workers that wait, one request at a time. */
function workersHint(kind: string): string {
  const rule = eventLoops.test(kind)
    ? `with ${kind} a worker is an event loop, which never waits: one for each core is enough`
    : 'it is right for workers that wait, and stays'
  return `${rule}; apps.web has one for each core by itself`
}

import { existsSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import type { Command } from 'commander'
import { codeOf, messageOf, ServerError } from '../base/errors.ts'
import { configExtensions } from '../config/find-file.ts'
import { findFile, type ImportFolders } from '../importers/folders.ts'
import { gunicornFiles, importGunicorn } from '../importers/gunicorn/import-gunicorn.ts'
import type { Imported } from '../importers/imported.ts'
import { leaveOutRefused } from '../importers/leave-out.ts'
import { importPm2, pm2Files } from '../importers/pm2/import-pm2.ts'
import { formatNote, type Note } from '../importers/report.ts'
import { importSupervisor, supervisorFiles } from '../importers/supervisor/import-supervisor.ts'
import { writeSource } from '../importers/write-source.ts'
import { print, printJson } from './terminal.ts'

interface ImportOptions {
  readonly output?: string
  readonly force?: boolean
  readonly json?: boolean
}

interface Pm2Options extends ImportOptions {
  readonly env?: string
}

interface GunicornOptions extends ImportOptions {
  readonly app?: string
  readonly command?: string
}

const outputDefault = 'saola.config.ts'

export function define(command: Command): void {
  command.addHelpText(
    'after',
    '\nReads the configuration of another program, writes saola.config.ts, and says line by line what has no\n' +
      'equivalent or means something else. Nothing is started, and the file that was read stays as it is.\n' +
      '\nExamples:\n  saola import supervisor /etc/supervisor/supervisord.conf\n' +
      '  saola import pm2 --env production\n  saola import gunicorn --app shop.wsgi:application -o -',
  )
  addWriting(command.command('supervisor').description('supervisord.conf, with the files that it includes'))
    .argument('[file]', `the configuration; ${supervisorFiles[0]} by default`)
    .action((file: string | undefined, options: ImportOptions) => {
      return run(options, folders => importSupervisor(chooseFile(file, supervisorFiles), folders))
    })
  addWriting(command.command('pm2').description('ecosystem.config.js or process.json, which is evaluated for it'))
    .argument('[file]', `the configuration; ${pm2Files[0]} and its kin by default`)
    .option('--env <name>', 'take the variables of env_NAME, too, as "pm2 start --env" does')
    .action((file: string | undefined, options: Pm2Options) => {
      return run(options, folders => importPm2(chooseFile(file, pm2Files), { ...folders, env: options.env }))
    })
  addWriting(command.command('gunicorn').description('gunicorn.conf.py, which is read without running Python'))
    .argument('[file]', `the configuration; ${gunicornFiles[0]} by default`)
    .option('--app <module:app>', 'the application, where the file has no wsgi_app')
    .option('--command <command>', 'a command line of Gunicorn, whose flags come before the file')
    .action((file: string | undefined, options: GunicornOptions) => {
      const { app, command } = options
      return run(options, folders => importGunicorn({ ...folders, file, app, command }))
    })
}

function addWriting(command: Command): Command {
  return command
    .option('-o, --output <file>', `the file to write, or - for standard output (default: ${outputDefault})`)
    .option('--force', 'replace the file if it is there')
    .option('--json', 'print the configuration and the notes as JSON; writes a file only with -o')
}

/**
 * The file that was named, or the first of those that are usual.
 *
 * @throws {ServerError} ERR_IMPORT_UNREADABLE
 */
function chooseFile(file: string | undefined, usual: readonly string[]): string {
  const chosen = file ?? findFile(process.cwd(), usual)
  if (chosen !== undefined) return chosen
  const message = `There is no ${usual[0]} in ${process.cwd()}. Name the file to import.`
  throw new ServerError('ERR_IMPORT_UNREADABLE', message)
}

async function run(options: ImportOptions, importFile: (folders: ImportFolders) => Imported | Promise<Imported>) {
  const cwd = process.cwd()
  const output = options.output ?? (options.json ? '-' : outputDefault)
  const path = output === '-' ? undefined : resolve(output)
  if (path !== undefined) refuseOverwriting(path, options.force === true)
  const found = await importFile({ cwd, target: path === undefined ? cwd : dirname(path) })
  const imported = await withoutRefused(found, path === undefined ? outputDefault : relative(cwd, path))
  const config = writeSource(imported.source)
  if (path !== undefined) write(path, config)
  if (options.json) return printJson({ config, notes: imported.notes })
  if (path === undefined) print(...config.trimEnd().split('\n'))
  process.stderr.write(
    describe(imported, path)
      .map(line => `${line}\n`)
      .join(''),
  )
}

/** What another program takes, and Saola nowhere would, must not keep the rest from being used. */
async function withoutRefused({ source, notes, summary }: Imported, file: string): Promise<Imported> {
  // Only here, because it takes the whole schema.
  const { findRefusals } = await import('../config/find-refusals.ts')
  const left = leaveOutRefused(source.config, { file, findRefusals })
  return { source: { ...source, config: left.config }, notes: [...notes, ...left.notes], summary }
}

/** A second configuration beside the first would keep Saola from choosing one. */
function refuseOverwriting(path: string, isForced: boolean): void {
  if (existsSync(path) && !isForced) {
    const message = `${relative(process.cwd(), path)} is there already. Replace it with --force, or write elsewhere with -o.`
    throw new ServerError('ERR_FILE_EXISTS', message)
  }
  const others = configExtensions.map(extension => `saola.config${extension}`).filter(name => name !== basename(path))
  const other = others.find(name => existsSync(join(dirname(path), name)))
  if (other === undefined || !/^saola\.config\.\w+$/.test(basename(path))) return
  const message = `${other} is there already, and a folder has one configuration. Move it away, or write elsewhere with -o.`
  throw new ServerError('ERR_FILE_EXISTS', message)
}

function write(path: string, config: string): void {
  try {
    writeFileSync(path, config)
  } catch (error) {
    const reason = codeOf(error) === 'ENOENT' ? 'there is no such folder' : messageOf(error)
    throw new ServerError('ERR_USAGE', `Cannot write ${path} (${reason}).`, { cause: error })
  }
}

function describe({ notes, summary }: Imported, path: string | undefined): string[] {
  const count = (kind: Note['kind']) => notes.filter(note => note.kind === kind).length
  const file = path && relative(process.cwd(), path)
  const isDefault = file === outputDefault
  const check = isDefault || file === undefined ? 'saola check' : `saola check -c ${file}`
  const counts = [
    { number: count('missing'), one: 'has no equivalent', many: 'have no equivalent' },
    { number: count('skipped'), one: 'was left out', many: 'were left out' },
    { number: count('changed'), one: 'means something slightly different', many: 'mean something slightly different' },
  ]
  const said = counts
    .filter(({ number }) => number > 0)
    .map(({ number, one, many }) => `${number} ${number === 1 ? one : many}`)
  return [
    ...notes.map(formatNote),
    ...(notes.length > 0 ? [''] : []),
    `${file ?? 'The configuration'} has ${summary}. ${said.length === 0 ? 'Everything has an equivalent' : `Of what was there, ${said.join(', ')}`}.`,
    `Read it, and then: ${check}`,
  ]
}

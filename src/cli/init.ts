import { existsSync, realpathSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Argument, type Command } from 'commander'
import { ServerError } from '../base/errors.ts'
import type { Config } from '../config/config.ts'
import { findConfigFile } from '../config/find-file.ts'
import { loadConfig } from '../config/load.ts'
import { gunicornFiles } from '../importers/gunicorn/import-gunicorn.ts'
import { pm2Files } from '../importers/pm2/import-pm2.ts'
import { supervisorFiles } from '../importers/supervisor/import-supervisor.ts'
import { planCompose } from '../init/compose.ts'
import { placeOf } from '../init/deployment.ts'
import { planDocker } from '../init/dockerfile.ts'
import type { Entry } from '../init/find-entry.ts'
import { packageManagerOf } from '../init/package-manager.ts'
import { planProject } from '../init/plan-project.ts'
import { formatWritten, type PlannedFile, writePlanned } from '../init/planned-file.ts'
import { type Project, readProject } from '../init/project.ts'
import { planSystemd } from '../init/systemd.ts'
import {
  formatValidation,
  type Validation,
  validateCompose,
  validateDockerfile,
  validateUnits,
} from '../init/validate.ts'
import { deploymentOf } from './deployment.ts'
import type { CommandContext } from './main.ts'
import { print } from './terminal.ts'

const targets = ['docker', 'compose', 'systemd'] as const
type Target = (typeof targets)[number]

interface InitOptions {
  readonly app?: string
  readonly config?: string
  readonly dir: string
  readonly force?: boolean
  readonly dryRun?: boolean
}

export function define(command: Command, { version }: CommandContext): void {
  command
    .addArgument(
      new Argument('[what]', 'files for a container or a machine, made for the configuration').choices(targets),
    )
    .option('--app <file>', 'the file of the application, instead of the one that is found')
    .option('-c, --config <file>', 'the configuration; saola.config.ts and its kin by default')
    .option('--dir <folder>', 'where the units of systemd are written', 'deploy/systemd')
    .option('--force', 'replace files that are there already')
    .option('--dry-run', 'print what would be written, and write nothing')
    .addHelpText(
      'after',
      '\nWithout a word, a configuration for this project, lines of .gitignore and scripts of package.json.\n' +
        'Files that are there stay as they are, unless --force is given; nothing is installed or started.\n' +
        '\nExamples:\n  saola init\n  saola init --app ./src/server.ts\n  saola init docker\n  saola init compose --dry-run\n  saola init systemd',
    )
    .action((what: Target | undefined, options: InitOptions) => init(what, options, version))
}

const importKinds = { supervisor: supervisorFiles, pm2: pm2Files, gunicorn: gunicornFiles }

/** What a run of the command is about. */
interface Run {
  readonly project: Project
  readonly options: InitOptions
  readonly version: string
}

async function init(what: Target | undefined, options: InitOptions, version: string): Promise<void> {
  const run: Run = { project: readProject(process.cwd()), options, version }
  const configFile = options.config === undefined ? findConfigFile(process.cwd()) : chosenConfig(options.config)
  const needsProject = what === undefined || configFile === undefined
  const own = needsProject
    ? planProject({
        ...run,
        configFile: configFile && placeOf(configFile, process.cwd()),
        app: options.app,
        importKinds,
      })
    : undefined
  if (own) writeAll(own.files, run)
  if (what === undefined || own?.entry) describeEntry(own?.entry)
  if (own) printNotes(own.notes)
  if (what === undefined) return print('', ...nextSteps(run, own?.entry))
  const config = await configOf(run, own?.entry)
  deploy(what, run, config)
}

function chosenConfig(file: string): string {
  const path = resolve(file)
  if (existsSync(path)) return path
  throw new ServerError('ERR_CONFIG_UNREADABLE', `Cannot load the configuration ${path} (no such file).`)
}

/** The configuration that is there, or the one that is being written. */
async function configOf({ options }: Run, entry: Entry | undefined): Promise<Config> {
  // Where this shell happens to listen says nothing about another machine; what the configuration asks env() for does.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !isOfThisShell.test(name)))
  const app = entry !== undefined && options.config === undefined ? entry.file : undefined
  const request = { cwd: process.cwd(), file: options.config, env, mode: 'start', isForElsewhere: true } as const
  // Written a moment ago, or with --dry-run not at all.
  const isWritten = app === undefined || findConfigFile(process.cwd()) !== undefined
  return (await loadConfig({ ...request, flags: isWritten ? {} : { app } })).config
}

const isOfThisShell = /^(?:PORT|WEB_CONCURRENCY|SAOLA_.*)$/

function deploy(what: Target, run: Run, config: Config): void {
  const { project, options, version } = run
  const deployment = deploymentOf(config, project.folder)
  const docker = () => planDocker({ project, deployment, version })
  if (what === 'systemd') {
    const units = planSystemd({ deployment, dir: options.dir, ...programPaths(project) })
    writeAll(units.files, run)
    printNotes(units.notes)
    report(run, folder => [
      validateUnits(
        units.files.map(({ path }) => path),
        folder,
      ),
    ])
    return print('', 'As root, on the machine that is to serve:', ...units.steps.map(step => `  ${step}`))
  }
  const plans = what === 'docker' ? [docker()] : [docker(), planCompose(project, deployment)]
  writeAll(
    plans.flatMap(({ files }) => files),
    run,
  )
  printNotes(plans.flatMap(({ notes }) => notes))
  report(run, folder => [
    validateDockerfile('Dockerfile', folder),
    ...(what === 'compose' ? [validateCompose('compose.yaml', folder)] : []),
  ])
  const start = what === 'docker' ? `docker build -t ${imageName(deployment.name)} .` : 'docker compose up --build'
  print('', `Next: ${start}`)
}

/** Docker takes small letters and digits, with single marks between them. */
function imageName(name: string): string {
  return (
    name
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-|-$/g, '') || 'app'
  )
}

/** Node and this program, as a service is to run them: the one that the project has, if it has one. */
function programPaths({ folder }: Project): { node: string; program: string } {
  const own = join(folder, 'node_modules', 'saola', 'dist', 'bin.js')
  const running = fileURLToPath(
    new URL(import.meta.url.endsWith('.ts') ? '../../dist/bin.js' : '../bin.js', import.meta.url),
  )
  return { node: process.execPath, program: existsSync(own) ? own : realpathSync(running) }
}

function writeAll(files: readonly PlannedFile[], { project, options }: Run): void {
  const { dryRun = false, force = false } = options
  for (const file of files) {
    const written = writePlanned(file, { folder: project.folder, isForced: force, isDryRun: dryRun })
    print(formatWritten(written, dryRun))
    const isShown = dryRun && (written.verb === 'wrote' || written.verb === 'replaced')
    if (isShown)
      print(
        ...file.text
          .trimEnd()
          .split('\n')
          .map(line => `  ${line}`.trimEnd()),
        '',
      )
  }
}

function describeEntry(entry: Entry | undefined): void {
  if (entry) print(`The application is ${entry.file} (${entry.because}).`)
}

function printNotes(notes: readonly string[]): void {
  for (const note of notes) process.stderr.write(`saola: note: ${note}\n`)
}

/** Nothing is validated that was not written. */
function report(
  { project, options }: Run,
  validate: (options: { folder: string; env: NodeJS.ProcessEnv }) => Validation[],
): void {
  if (options.dryRun) return
  const validations = validate({ folder: project.folder, env: process.env })
  print(...validations.flatMap(formatValidation))
  if (validations.some(({ state }) => state === 'wrong')) process.exitCode = 1
}

function nextSteps({ project }: Pick<Run, 'project'>, entry: Entry | undefined): string[] {
  const { package: found, folder } = project
  const isInstalled = existsSync(join(folder, 'node_modules', 'saola'))
  const manager = packageManagerOf(project)
  const install = !found || isInstalled ? [] : [`${manager.name} install`]
  const build = entry?.isBuilt && !existsSync(join(folder, entry.file)) ? [manager.build] : []
  return [`Next: ${[...install, ...build, 'npx saola check', 'npx saola dev'].join(', ')}`]
}

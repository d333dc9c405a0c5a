import { dirname, resolve } from 'node:path'
import { explainOnce } from '../explain-once.ts'
import type { ImportFolders } from '../folders.ts'
import { countOf, type Imported, joinCounts } from '../imported.ts'
import { lookUp } from '../look-up.ts'
import { ProgramNames } from '../program-name.ts'
import { Report } from '../report.ts'
import { entry, type Section, section } from '../source.ts'
import { asApplication } from './as-application.ts'
import { asCron, asRestart, isJob } from './as-cron.ts'
import { asProgram } from './as-program.ts'
import { asSite, isSite } from './as-site.ts'
import { Pm2App } from './pm2-app.ts'
import { type Ecosystem, readEcosystem } from './read-ecosystem.ts'
import { type Launch, readLaunch } from './script.ts'

/** What PM2 calls its files, in the order in which they are looked for. */
export const pm2Files = [
  ...['js', 'cjs', 'mjs', 'ts'].map(ending => `ecosystem.config.${ending}`),
  ...['ecosystem.json', 'ecosystem.config.json', 'process.json', 'pm2.config.js', 'pm2.json'],
  ...['ecosystem.config.yml', 'ecosystem.config.yaml', 'ecosystem.yml', 'process.yml'],
]

/**
 * Makes a configuration of an ecosystem file of PM2.
 *
 * @throws {ServerError} ERR_IMPORT_UNREADABLE when there is nothing to be had from it.
 */
export async function importPm2(
  file: string,
  { cwd, target, env }: ImportFolders & { readonly env?: string | undefined },
): Promise<Imported> {
  const report = new Report()
  const ecosystem = await readEcosystem(file, cwd)
  const context = { base: dirname(resolve(cwd, file)), target, file, env, report }
  const apps = ecosystem.apps.map((raw, index) => new Pm2App(raw, ecosystem.lines.apps[index], context))
  const parts = sort(apps)
  noteOthers(ecosystem, file, report)
  if (env !== undefined && !apps.some(app => app.has(`env_${env}`))) {
    report.skipped({ file, setting: `--env ${env}` }, `no application has env_${env}`)
  }
  const { applications, programs, jobs } = parts
  return {
    source: {
      comment: [`From ${file}${env === undefined ? '' : ` with env_${env}`}, by "saola import pm2".`],
      constants: [],
      config: section([
        partOf('apps', applications),
        partOf('programs', programs, 'PM2 sends SIGINT'),
        partOf('cron', jobs),
      ]),
    },
    notes: report.notes,
    summary: summaryOf(parts),
  }
}

type Named = ReturnType<typeof entry>[]

interface Parts {
  readonly applications: Named
  readonly programs: Named
  readonly jobs: Named
}

function partOf(key: string, entries: Named, stopComment = '') {
  return entry(key, entries.length === 0 ? undefined : explainOnce(section(entries), 'stopSignal', stopComment))
}

function summaryOf({ applications, programs, jobs }: Parts): string {
  const counts = [
    { number: applications.length, what: 'application' },
    { number: programs.length, what: 'program' },
    { number: jobs.length, what: 'cron job' },
  ]
  return joinCounts(counts.filter(({ number }) => number > 0).map(({ number, what }) => countOf(number, what)))
}

function sort(apps: readonly Pm2App[]): Parts {
  const parts: Parts = { applications: [], programs: [], jobs: [] }
  const names = new ProgramNames()
  let port = 8_000
  for (const app of apps) {
    if (app.text('script') === undefined) {
      app.report.skipped(app.place(), 'it has no script, and PM2 does not start it either')
      continue
    }
    const name = names.choose(app.name)
    if (name !== app.name) {
      app.report.changed(app.place('name'), `a name has letters, digits, _ and -, and is its own: it is called ${name}`)
    }
    add(app, { name, parts, names, freePort: () => port++ })
    app.noteRest()
  }
  return parts
}

interface Adding {
  readonly name: string
  readonly parts: Parts
  readonly names: ProgramNames
  readonly freePort: () => number
}

function add(app: Pm2App, { name, parts, names, freePort }: Adding): void {
  if (isSite(app)) {
    parts.applications.push(entry(name, asSite(app)))
    return
  }
  const launch = readLaunch(app)
  if (isJob(app)) {
    parts.jobs.push(entry(name, asCron(app, launch)))
    return
  }
  const isShared = isCluster(app, launch)
  if (isShared && app.words('args').length === 0)
    parts.applications.push(entry(name, asApplication(app, launch, freePort)))
  else parts.programs.push(entry(name, programOf(app, launch, isShared)))
  const restart = asRestart(app, name)
  if (restart) parts.jobs.push(entry(names.choose(`restart-${name}`), restart))
}

function programOf(app: Pm2App, launch: Launch, isShared: boolean): Section {
  if (isShared) {
    const note =
      'an application of Saola has no arguments: so it is a program, and one process, as several cannot share a port'
    app.report.changed(app.place('args'), note)
  }
  return asProgram(app, launch, isShared)
}

/** As PM2 decides it: by `exec_mode`, else a script of Node that says how many instances there are. */
function isCluster(app: Pm2App, launch: Launch): boolean {
  if (!launch.isNode) return false
  const mode = app.text('exec_mode')
  return mode === undefined ? app.has('instances') : mode.startsWith('cluster')
}

const others: Readonly<Record<string, string>> = {
  deploy: 'a deploy is git pull, npm ci and "saola reload --wait" in a script of yours',
  static: 'edge.static of an application serves files',
}

function noteOthers({ others: values, lines }: Ecosystem, file: string, report: Report): void {
  for (const key of Object.keys(values)) {
    const place = { file, line: lines.others.get(key), setting: key }
    const known = lookUp(others, key)
    if (known === undefined) report.skipped(place, 'PM2 does not know it either')
    else report.missing(place, known)
  }
}

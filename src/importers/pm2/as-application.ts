import { join, relative } from 'node:path'
import { folderFrom } from '../folders.ts'
import { entry, type Section, section, sectionOf, type Value } from '../source.ts'
import { findPort } from './find-port.ts'
import type { Pm2App } from './pm2-app.ts'
import { folderOf, type Launch } from './script.ts'
import {
  readAccount,
  readBackoff,
  readCwd,
  readEnv,
  readFiles,
  readInstances,
  readRecycle,
  readStart,
} from './settings.ts'

const retriesDefault = 10

/** An application of PM2 in cluster mode as an application of Saola, with as many workers. */
export function asApplication(app: Pm2App, { script, flags }: Launch, freePort: () => number): Section {
  const workers = readInstances(app, 'auto') ?? 1
  const { stdout, stderr } = readFiles(app, workers === 1 ? 'one' : 'together')
  noteApplication(app)
  return section([
    entry('app', pathOf(app, script)),
    readListen(app, script, freePort),
    entry('workers', workers === 'auto' ? undefined : workers),
    entry('cwd', readCwd(app)),
    entry('env', readEnv(app)),
    entry('node', readFlags(app, flags)),
    ...readAccount(app),
    ...readStart(app, retriesDefault),
    entry('backoff', readBackoff(app, false)),
    entry('bootTimeout', app.has('listen_timeout') ? app.duration('listen_timeout') : undefined),
    entry('graceful', app.has('kill_timeout') ? sectionOf({ timeout: app.duration('kill_timeout') }) : undefined),
    entry('recycle', readRecycle(app)),
    entry('stdout', stdout),
    entry('stderr', stderr),
  ])
}

function pathOf(app: Pm2App, script: string): string {
  const folder = folderFrom(app.context.target, folderOf(app))
  if (script.startsWith('/')) return script
  return folder.startsWith('/') ? join(folder, script) : `./${join(folder, script)}`.replace(/^\.\/\.\.\//, '../')
}

/** PM2 lets an application listen where it will; Saola binds the address for it. */
function readListen(app: Pm2App, script: string, freePort: () => number) {
  const { PORT: port = '', HOST: host = '' } = Object.fromEntries(app.variables)
  if (/^\d{1,5}$/.test(port)) {
    const key = app.keyOfVariable('PORT')
    app.report.changed(
      app.place(key),
      `PORT=${port} became listen; the application may listen on what it likes, and gets this`,
    )
    return entry('listen', `${/^(?:[\d.]+|localhost)$/.test(host) ? host : ''}:${port}`, 'PORT')
  }
  const file = join(folderOf(app), script)
  const found = findPort(file)
  if (found) {
    const where = `${relative(app.context.target, file)}:${found.line}`
    app.report.changed(app.place('script'), `${where} seems to listen on ${found.port}, which became listen`)
    return entry('listen', `:${found.port}`, where)
  }
  app.report.missing(
    app.place('script'),
    'the port that it listens on cannot be seen: set listen, where Saola binds it',
  )
  return entry('listen', `127.0.0.1:${freePort()}`, 'choose it: what the application listens on could not be seen')
}

function readFlags(app: Pm2App, flags: readonly string[]): Value | undefined {
  const all = [...flags, ...(app.boolean('source_map_support') ? ['--enable-source-maps'] : [])]
  return all.length === 0 ? undefined : all
}

function noteApplication(app: Pm2App): void {
  const { report } = app
  if (app.boolean('wait_ready')) {
    const note =
      'a worker is ready when it listens; with ready: { signal: true } when it calls ready() of saola/app, in the place of ' +
      "process.send('ready')"
    report.changed(app.place('wait_ready'), note)
  }
  if (app.boolean('autorestart') === false) {
    report.missing(app.place('autorestart'), 'a worker that ends is always replaced')
  }
  if (app.has('stop_exit_codes')) report.missing(app.place('stop_exit_codes'), 'a worker that ends is always replaced')
  if (app.boolean('autostart') === false) report.missing(app.place('autostart'), 'an application starts with the tree')
  if (app.has('increment_var')) {
    report.missing(app.place('increment_var'), 'workers share one address; worker.name of saola/app tells them apart')
  }
  if (app.has('instance_var')) {
    report.missing(app.place('instance_var'), 'worker.name of saola/app, "web:0" and so on, tells workers apart')
  }
}

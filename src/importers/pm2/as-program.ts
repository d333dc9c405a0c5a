import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { hintFor } from '../hints.ts'
import { entry, type Section, section, type Value } from '../source.ts'
import { commandOf } from '../words.ts'
import { findPort } from './find-port.ts'
import type { Pm2App } from './pm2-app.ts'
import { folderOf, type Launch } from './script.ts'
import {
  allCores,
  readAccount,
  readBackoff,
  readCwd,
  readEnv,
  readFiles,
  readInstances,
  readRecycle,
  readStart,
} from './settings.ts'

const retriesDefault = 3

/** An application of PM2 as a program: any command, which is started again when it ends. */
export function asProgram(app: Pm2App, launch: Launch, isShared: boolean): Section {
  const instances = isShared ? undefined : readInstances(app, allCores)
  const isMany = instances !== undefined && instances !== 1
  const { stdout, stderr } = readFiles(app, isMany ? 'numbered' : 'one')
  noteProgram(app, launch)
  return section([
    ...commandEntries(launch),
    entry('instances', isMany ? instances : undefined),
    entry('cwd', readCwd(app)),
    entry('env', readEnv(app, addedVariables(app, launch, isMany))),
    ...readAccount(app),
    entry('autostart', app.boolean('autostart') === false ? false : undefined),
    ...restartEntries(app),
    ...readStart(app, retriesDefault),
    entry('backoff', readBackoff(app, true)),
    entry('stopSignal', 'INT'),
    entry('stopMode', app.boolean('treekill') === false ? 'process' : undefined),
    entry('stopTimeout', app.has('kill_timeout') ? app.duration('kill_timeout') : undefined),
    entry('recycle', readRecycle(app)),
    entry('stdout', stdout),
    entry('stderr', stdout !== undefined && isDeepStrictEqual(stdout, stderr) ? 'stdout' : stderr),
  ])
}

export function commandEntries({ words, shell }: Launch) {
  if (shell !== undefined) return [entry('command', shell), entry('shell', true)]
  return [entry('command', commandOf(words))]
}

/** What PM2 puts into the environment. */
function addedVariables(app: Pm2App, { words }: Launch, isMany: boolean): Record<string, string> {
  const isPython = /python/.test(words[0] ?? '')
  const number = app.text('instance_var') ?? 'NODE_APP_INSTANCE'
  return {
    ...(isPython ? { PYTHONUNBUFFERED: '1' } : {}),
    ...(isMany ? { [number]: '{instance}', ...incremented(app) } : {}),
  }
}

/** A variable that is one higher for each process: 3000, 3001, … is `300{instance}`, up to ten of them. */
function incremented(app: Pm2App): Record<string, string> {
  const name = app.text('increment_var')
  if (name === undefined) return {}
  const first = app.variables.get(name) ?? '0'
  const count = app.number('instances') ?? 0
  if (/^\d*0$/.test(first) && count <= 10) return { [name]: `${first.slice(0, -1)}{instance}` }
  const advice = 'write a program for each of them'
  app.report.missing(app.place('increment_var'), `{instance} counts from 0, and not from ${first}: ${advice}`)
  return {}
}

function restartEntries(app: Pm2App): { key: string; value: Value | undefined }[] {
  if (app.boolean('autorestart') === false) return [entry('restart', 'never')]
  const codes = [app.raw('stop_exit_codes') ?? []].flat().map(Number)
  // PM2 starts it again whatever its exit code is, but for these.
  return codes.length === 0 ? [entry('restart', 'always')] : [entry('successExitCodes', codes)]
}

function noteProgram(app: Pm2App, launch: Launch): void {
  const { report } = app
  if (app.boolean('wait_ready')) {
    const note = 'a program has no process.send(): ready: { tcp }, { http } or { log } tells when it is ready'
    report.missing(app.place('wait_ready'), note)
  }
  if (app.has('listen_timeout')) {
    report.missing(app.place('listen_timeout'), 'ready.timeout is how long a program may take, when it has a ready')
  }
  const hint = hintFor(launch.words, app.name)
  if (hint !== undefined) report.hint(app.place('script'), hint)
  else if (launch.isNode) hintWeb(app, launch)
}

/** A server is better an application: no request is lost then when it is replaced. */
function hintWeb(app: Pm2App, { script }: Launch): void {
  if (!app.variables.has('PORT') && findPort(join(folderOf(app), script)) === undefined) return
  const note = `a web application can be apps.NAME with app: '${script}': then it has workers, and a reload loses no request`
  app.report.hint(app.place('script'), note)
}

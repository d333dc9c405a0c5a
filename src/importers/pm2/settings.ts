/** What applications and programs have in common. */

import { folderFrom } from '../folders.ts'
import { code, entry, sectionOf, type Value } from '../source.ts'
import type { Pm2App } from './pm2-app.ts'
import { folderOf } from './script.ts'

const filesOff = /^(?:NULL|\/dev\/null|false)$/
const streams = /^\/dev\/(?:stdout|stderr|fd\/[12])$/

/** The folder that it runs in; unset where it is that of the configuration. */
export function readCwd(app: Pm2App): Value | undefined {
  const folder = folderFrom(app.context.target, folderOf(app))
  return folder === '.' ? undefined : folder
}

/** Variables, with those that PM2 adds. */
export function readEnv(app: Pm2App, added: Readonly<Record<string, string>> = {}): Value | undefined {
  return sectionOf({ ...Object.fromEntries(app.variables), ...added })
}

/** As whom it runs. */
export function readAccount(app: Pm2App) {
  return [entry('user', app.text('uid')), entry('group', app.text('gid'))]
}

/** PM2's `instances`: `"max"` and 0 are all cores, and -1 one less. */
export function readInstances(app: Pm2App, all: Value): Value | undefined {
  const raw = app.raw('instances')
  if (raw === undefined) return undefined
  const number = raw === 'max' ? 0 : Number.parseInt(String(raw), 10) || 0
  if (number > 0) return number
  return number === 0 ? all : code(`Math.max(1, availableParallelism() - ${-number})`, cores)
}

/** All cores, where a number is needed. */
export const allCores = code('availableParallelism()', { name: 'availableParallelism', from: 'node:os' })
const [cores] = allCores.imports as [(typeof allCores.imports)[number]]

/** Files for what it prints. Without, PM2 has files in ~/.pm2, and Saola its own output. */
export function readFiles(
  app: Pm2App,
  processes: 'one' | 'numbered' | 'together',
): { stdout: Value | undefined; stderr: Value | undefined } {
  if (app.boolean('disable_logs')) return { stdout: off(), stderr: off() }
  // PM2 takes an empty name for none.
  const [out, error, all] = ['out_file', 'error_file', 'log_file'].map(key => app.text(key) || undefined)
  const both = all !== undefined && !filesOff.test(all) ? all : undefined
  if (both !== undefined && (out ?? error) !== undefined) {
    app.report.missing(app.place('log_file'), 'a line goes into one file: stdout and stderr have theirs')
  }
  const key = out !== undefined ? 'out_file' : error !== undefined ? 'error_file' : 'log_file'
  if (both === undefined && out === undefined && error === undefined) return { stdout: undefined, stderr: undefined }
  if ([out, error, all].some(file => file !== undefined && !filesOff.test(file) && !streams.test(file))) {
    app.report.once(
      'changed',
      app.place(key),
      'above 50 MB a file is rotated, and 10 old ones are kept: maxBytes, backups',
    )
  }
  if (processes === 'together' && !app.boolean('merge_logs')) {
    app.report.changed(app.place(key), 'all of its processes write into one file, as with merge_logs')
  }
  const isAlone = out === undefined && error === undefined
  const isNumbered = processes === 'numbered' && !app.boolean('merge_logs')
  const [stdout, stderr] = [isAlone ? both : out, isAlone ? both : error].map(file => fileOf(app, file, isNumbered))
  return { stdout, stderr }
}

function fileOf(app: Pm2App, given: string | undefined, isNumbered: boolean): Value | undefined {
  if (given === undefined || streams.test(given)) return undefined
  if (filesOff.test(given)) return off()
  // PM2 puts the number before the ending, too.
  const file = isNumbered ? given.replace(/(\.\w+)?$/, ending => `-{instance}${ending}`) : given
  if (file.startsWith('~/')) return sectionOf({ file: homeFile(file.slice(1)) })
  const folder = folderFrom(app.context.target, folderOf(app))
  const isRelative = !file.startsWith('/')
  const path = isRelative && folder !== '.' ? `${folder}/${file.replace(/^\.\//, '')}` : file
  return sectionOf({ file: path })
}

function homeFile(path: string): Value {
  return code(`\`\${env('HOME')}${path.replace(/[\\`$]/g, '\\$&')}\``, { name: 'env', from: 'saola' })
}

function off(): Value | undefined {
  return sectionOf({ file: '/dev/null', maxBytes: 0 })
}

/** Above this it is restarted. */
export function readRecycle(app: Pm2App): Value | undefined {
  const soft = app.size('max_memory_restart')
  return soft === undefined ? undefined : sectionOf({ memory: sectionOf({ soft }) })
}

const growthNote = 'the wait doubles each time, where PM2 multiplies it by 1.5'
const delayNote = 'only who ends too early waits: what was up is started again at once'

/** The wait before it is started again. */
export function readBackoff(app: Pm2App, hasGrowth: boolean): Value | undefined {
  const first = app.has('exp_backoff_restart_delay') ? app.duration('exp_backoff_restart_delay') : 0
  if (first) {
    app.report.changed(app.place('exp_backoff_restart_delay'), growthNote)
    return sectionOf({ min: first, max: '15s', growth: hasGrowth ? 'double' : undefined })
  }
  const delay = app.has('restart_delay') ? app.duration('restart_delay') : 0
  if (!delay) return undefined
  app.report.changed(app.place('restart_delay'), delayNote)
  return sectionOf({ min: delay, max: delay })
}

/** After how long it is up, and how often it is tried again. */
export function readStart(app: Pm2App, retriesDefault: number) {
  const uptime = app.has('min_uptime') ? app.duration('min_uptime') : undefined
  const retries = app.number('max_restarts')
  return [
    entry('startSeconds', uptime === '1s' ? undefined : uptime),
    entry('startRetries', retries === retriesDefault ? undefined : retries),
  ]
}

import { entry, type Section, section, sectionOf } from '../source.ts'
import { commandEntries } from './as-program.ts'
import type { Pm2App } from './pm2-app.ts'
import type { Launch } from './script.ts'
import { readAccount, readCwd, readEnv, readFiles } from './settings.ts'

/** With PM2, a job that runs at certain times is a program that is not started again, but for its `cron_restart`. */
export function isJob(app: Pm2App): boolean {
  return scheduleOf(app) !== undefined && app.boolean('autorestart') === false
}

/** Its times; undefined when there are none. */
function scheduleOf(app: Pm2App): string | undefined {
  const schedule = app.text('cron_restart')
  return schedule === '0' || schedule === '' ? undefined : schedule
}

/** Such a job as one of `cron`. */
export function asCron(app: Pm2App, launch: Launch): Section {
  const { stdout, stderr } = readFiles(app, 'one')
  app.report.changed(
    app.place('cron_restart'),
    'it is a job of cron: it runs at these times, and not at the start, too',
  )
  return section([
    entry('schedule', scheduleOf(app)),
    ...commandEntries(launch),
    entry('cwd', readCwd(app)),
    entry('env', readEnv(app)),
    ...readAccount(app),
    entry('stdout', stdout),
    entry('stderr', stderr),
  ])
}

/** A job that restarts a program at the times at which PM2 does. */
export function asRestart(app: Pm2App, name: string): Section | undefined {
  const schedule = scheduleOf(app)
  if (schedule === undefined) return undefined
  app.report.changed(app.place('cron_restart'), `a job of cron calls "saola restart ${name}" at these times`)
  return sectionOf({ schedule, command: `npx saola restart ${name}` })
}

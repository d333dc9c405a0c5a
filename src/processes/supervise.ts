/** The supervisor process: wires configuration, supervisor, control socket, signals and output together. */
import { join } from 'node:path'
import { systemClock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import { makeFolder } from '../base/make-folder.ts'
import type { LoadedConfig } from '../config/config.ts'
import { type ControlServer, openControl } from '../control/server.ts'
import { CronRunner } from '../programs/cron/cron-runner.ts'
import { endOrphans } from '../supervisor/orphans.ts'
import type { OpenFiles } from '../supervisor/output/open-files.ts'
import { notePassedSockets } from '../supervisor/passed-sockets.ts'
import { writePidFile } from '../supervisor/pid-file.ts'
import { listenToSignals, type SignalVerbs } from '../supervisor/signals.ts'
import { Supervisor } from '../supervisor/supervisor.ts'
import { openSystemd } from '../supervisor/systemd.ts'
import { banner, summary } from './banner.ts'
import { closeKeepers, openKeepers, watchKeepers } from './certificates.ts'
import { refuseDashboardFiles } from './dashboard-files.ts'
import { DashboardLinks } from './dashboard-links.ts'
import { makeDashboardLink } from './dashboard-operations.ts'
import { defineCron } from './define-cron.ts'
import { monitorGroup } from './define-monitor.ts'
import { defineTree } from './define-tree.ts'
import { refuseEdgeFiles } from './edge-files.ts'
import { EventFeed } from './event-feed.ts'
import { refuseLogFiles } from './log-files.ts'
import { openOutput } from './open-output.ts'
import { createHandlers } from './operations.ts'
import { Reloader } from './reloader.ts'

export interface SuperviseOptions {
  readonly version: string
  /** The configuration as it was at the start. */
  readonly loaded: LoadedConfig
  /** Reads the configuration again, for a reload. */
  load(): Promise<LoadedConfig>
  /** Called once with what `saola dev` needs to reload on changed files: a reload, and the log to say why. */
  readonly onReload?: (reload: () => void, log: Log) => void
}

const flushMs = 2_000

/**
 * Runs a tree in the foreground until it is stopped, and returns the exit code.
 *
 * @throws {ServerError} when it cannot start: an address in use, a tree that runs already, an unknown user.
 */
export async function supervise(options: SuperviseOptions): Promise<number> {
  const { config, warnings } = options.loaded
  notePassedSockets()
  refuseLogFiles(config)
  refuseDashboardFiles(config)
  await refuseEdgeFiles(config)
  process.title = `saola: ${config.name} supervisor`
  if (config.umask !== undefined) process.umask(config.umask)
  const feed = new EventFeed()
  const { log, output, sink, files, format, isTerminal } = openOutput(config.log, record => feed.noteRecord(record))
  for (const warning of warnings) log.warn('config.warning', { message: warning })
  if (process.pid === 1)
    log.warn('supervisor.pid1', { advice: 'run the container with --init: Node reaps only its own children' })
  const systemd = openSystemd(process.env, message => log.warn('systemd.trouble', { message }))
  const keepers = await openKeepers(config, log)
  const secret = process.getBuiltinModule('node:crypto').randomBytes(32).toString('base64url')
  const links = new DashboardLinks(systemClock)
  const notesFolder = join(config.stateDir, 'programs')
  const supervisor = new Supervisor({
    name: config.name,
    version: options.version,
    configFile: config.file,
    definitions: defineTree(options.loaded, { revision: 1, keepers, version: options.version, secret, links }),
    cwd: config.dir,
    notesFolder,
    clock: systemClock,
    log,
    output,
    files,
    onServing: (app, listen) => {
      log.info('app.serving', { name: app.spec.name, listen: listen.join(' '), entry: app.entry })
    },
    onReady: () => {
      const status = supervisor.status()
      const { apps } = status
      log.info('tree.ready', { name: config.name, pid: process.pid, listen: apps.flatMap(app => app.listen).join(' ') })
      const dashboard = showDashboard(isTerminal && format === 'pretty')
      if (format === 'pretty') sink.write(banner(status, options.version, dashboard))
      systemd.notify('READY=1', `STATUS=${summary(status)}`)
    },
    onStateChange: change => feed.noteState(change),
  })
  /** Only a person at a terminal gets an address that signs in: a log is read by others, too, and a pretty one may be a file. */
  const showDashboard = (isForPerson: boolean): string | undefined => {
    const { listen } = config.dashboard
    if (listen === undefined) return undefined
    log.info('dashboard.serving', { listen: supervisor.labelsOf(monitorGroup).slice(0, listen.length).join(' ') })
    return isForPerson ? makeDashboardLink(config, { supervisor, links }).url : undefined
  }
  const cron = new CronRunner({
    // Whoever develops wants to see a run when he asks for one, and not the backup at three in the morning.
    fires: config.mode === 'start',
    clock: systemClock,
    log,
    output,
    files,
    recordFile: join(config.stateDir, 'cron.json'),
    onWanted: service => supervisor.want(service),
  })
  const crons = defineCron({ config, hasTree: true })
  const { loaded, load, version } = options
  const reloader = new Reloader({
    supervisor,
    cron,
    clock: systemClock,
    log,
    systemd,
    loaded,
    load,
    keepers,
    version,
    secret,
    links,
  })
  const stop = (isQuick: boolean) => {
    systemd.notify('STOPPING=1')
    // Its runs may use the store, which ends with the tree. Nobody waits where none is under way.
    void cron.stop(isQuick).then(() => supervisor.stop(isQuick))
  }
  let control: ControlServer | undefined
  let removePidFile: (() => void) | undefined
  await showStateFolder(config.stateDir)
  try {
    const handlers = createHandlers({ supervisor, cron, reloader, output, files, feed, links, stop })
    control = await openControl(config.control.socket, handlers)
    removePidFile = config.pidFile === undefined ? undefined : writePidFile(config.pidFile)
    await endOrphans(notesFolder, log)
    await supervisor.open()
  } catch (error) {
    await control?.close()
    removePidFile?.()
    throw error
  }
  watchKeepers(keepers, app => supervisor.renewCredentials(app))
  listenToSignals(signalVerbs({ supervisor, reloader, files, log, stop }))
  log.info('tree.starting', { name: config.name, pid: process.pid, version: options.version, node: process.version })
  if (config.mode === 'dev' && crons.length > 0)
    log.info('cron.idle', { entries: crons.length, advice: 'in saola dev they only run by "saola run NAME"' })
  cron.start(crons)
  // A reload that fails has been logged, and the old workers serve on.
  options.onReload?.(() => void reloader.reload().catch(() => {}), log)
  const code = await supervisor.run()
  // Where the tree has ended by itself.
  await cron.stop(true)
  log.info('tree.stopped', { name: config.name, code })
  closeKeepers(reloader.keepers)
  feed.close()
  await systemd.close()
  await control.close()
  removePidFile?.()
  await files.closeAll(flushMs)
  await output.flush(flushMs)
  // Whoever started it looks at its terminal, and the log went elsewhere, if anywhere.
  if (code !== 0 && config.log.file !== '-') process.stderr.write(`saola: ${supervisor.failure}\n`)
  return code
}

/** Commands look for trees by this folder, also where the path of the socket would be too long in it. */
async function showStateFolder(folder: string): Promise<void> {
  // Where it cannot be made, the folder is read-only and the socket elsewhere: commands find it by the configuration.
  await makeFolder(folder, 0o700).catch(() => {})
}

interface SignalTargets {
  readonly supervisor: Supervisor
  readonly reloader: Reloader
  readonly files: OpenFiles
  readonly log: Log
  readonly stop: (isQuick: boolean) => void
}

function signalVerbs({ supervisor, reloader, files, log, stop }: SignalTargets): SignalVerbs {
  return {
    stop,
    reload: () => void reloader.reload().catch(() => {}),
    reopenLogs() {
      files.reopenAll()
      log.info('logs.reopened')
    },
    scaleBy(step) {
      const [app] = supervisor.status().apps
      if (!app) return
      void supervisor.scale(app.name, app.workers + step).then(({ ok, message }) => {
        if (!ok) log.warn('scale.refused', { name: app.name, error: message })
      })
    },
    drainWorkers: () => void supervisor.haltWorkers(),
    ignore: (signal, why) => log.warn('signal.ignored', { signal, why }),
  }
}

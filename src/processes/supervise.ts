/** The supervisor process: wires configuration, supervisor, control socket, signals and output together. */
import { systemClock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import { makeFolder } from '../base/make-folder.ts'
import type { LoadedConfig } from '../config/config.ts'
import { type ControlServer, openControl } from '../control/server.ts'
import type { OpenFiles } from '../supervisor/output/open-files.ts'
import { notePassedSockets } from '../supervisor/passed-sockets.ts'
import { writePidFile } from '../supervisor/pid-file.ts'
import { listenToSignals, type SignalVerbs } from '../supervisor/signals.ts'
import { Supervisor } from '../supervisor/supervisor.ts'
import { openSystemd } from '../supervisor/systemd.ts'
import { banner } from './banner.ts'
import { defineApps } from './define-app.ts'
import { defineStores } from './define-store.ts'
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
  process.title = `saola: ${config.name} supervisor`
  if (config.umask !== undefined) process.umask(config.umask)
  const { log, output, sink, files, format } = openOutput(config.log)
  for (const warning of warnings) log.warn('config.warning', { message: warning })
  if (process.pid === 1)
    log.warn('supervisor.pid1', { advice: 'run the container with --init: Node reaps only its own children' })
  const systemd = openSystemd(process.env, message => log.warn('systemd.trouble', { message }))
  const supervisor = new Supervisor({
    name: config.name,
    version: options.version,
    configFile: config.file,
    apps: defineApps(config, 1),
    services: defineStores(options.loaded),
    cwd: config.dir,
    clock: systemClock,
    log,
    output,
    files,
    onServing: (app, listen) => {
      log.info('app.serving', { name: app.spec.name, listen: listen.join(' '), entry: app.entry })
    },
    onReady: () => {
      const { apps } = supervisor.status()
      log.info('tree.ready', { name: config.name, pid: process.pid, listen: apps.flatMap(app => app.listen).join(' ') })
      if (format === 'pretty') sink.write(banner(supervisor.status(), options.version))
      systemd.notify('READY=1', `STATUS=Serving ${apps.map(app => app.name).join(', ')}`)
    },
  })
  const { loaded, load } = options
  const reloader = new Reloader({ supervisor, clock: systemClock, log, systemd, loaded, load })
  const stop = (isQuick: boolean) => {
    systemd.notify('STOPPING=1')
    supervisor.stop(isQuick)
  }
  let control: ControlServer | undefined
  let removePidFile: (() => void) | undefined
  await showStateFolder(config.stateDir)
  try {
    control = await openControl(config.control.socket, createHandlers({ supervisor, reloader, output, files, stop }))
    removePidFile = config.pidFile === undefined ? undefined : writePidFile(config.pidFile)
    await supervisor.open()
  } catch (error) {
    control?.close()
    removePidFile?.()
    throw error
  }
  listenToSignals(signalVerbs({ supervisor, reloader, files, log, stop }))
  log.info('tree.starting', { name: config.name, pid: process.pid, version: options.version, node: process.version })
  // A reload that fails has been logged, and the old workers serve on.
  options.onReload?.(() => void reloader.reload().catch(() => {}), log)
  const code = await supervisor.run()
  log.info('tree.stopped', { name: config.name, code })
  await systemd.close()
  control.close()
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
    drainWorkers: () => void supervisor.halt('all'),
    ignore: (signal, why) => log.warn('signal.ignored', { signal, why }),
  }
}

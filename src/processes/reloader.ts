/** A reload, whoever asks for it: read the whole configuration, compare, refuse or roll. */
import { existsSync } from 'node:fs'
import type { Clock } from '../base/clock.ts'
import { messageOf, ServerError } from '../base/errors.ts'
import type { AdjustableLog } from '../base/log.ts'
import type { Config, LoadedConfig } from '../config/config.ts'
import { type Change, diffConfig, formatChange } from '../config/diff.ts'
import { findConfigFile } from '../config/find-file.ts'
import type { ConfigChange, ReloadAnswer } from '../control/operations.ts'
import type { CronRunner } from '../programs/cron/cron-runner.ts'
import { acceptorOf } from '../supervisor/app-definition.ts'
import type { Supervisor } from '../supervisor/supervisor.ts'
import { monotonicTime, type SystemdNotifier } from '../supervisor/systemd.ts'
import { closeKeepers, type Keepers, openKeepers, refuseCertificates, watchKeepers } from './certificates.ts'
import { refuseDashboardFiles } from './dashboard-files.ts'
import type { DashboardLinks } from './dashboard-links.ts'
import { defineCron } from './define-cron.ts'
import { defineTree } from './define-tree.ts'
import { refuseEdgeFiles } from './edge-files.ts'
import { refuseLogFiles } from './log-files.ts'

export interface ReloaderOptions {
  readonly supervisor: Supervisor
  readonly cron: CronRunner
  readonly clock: Clock
  readonly log: AdjustableLog
  readonly systemd: SystemdNotifier
  readonly loaded: LoadedConfig
  readonly keepers: Keepers
  /** Of Saola. */
  readonly version: string
  /** Signs the sessions of the dashboard. */
  readonly secret: string
  readonly links: DashboardLinks
  load(): Promise<LoadedConfig>
}

export class Reloader {
  readonly #options: ReloaderOptions
  #loaded: LoadedConfig
  #keepers: Keepers
  #revision = 1
  #changes: readonly ConfigChange[] | undefined
  #running: Promise<unknown> = Promise.resolve()
  #next: Promise<ReloadAnswer> | undefined

  constructor(options: ReloaderOptions) {
    this.#options = options
    this.#loaded = options.loaded
    this.#keepers = options.keepers
  }

  /** The configuration in force. */
  get loaded(): LoadedConfig {
    return this.#loaded
  }

  /** What the last reload has changed; undefined before the first. */
  get changes(): readonly ConfigChange[] | undefined {
    return this.#changes
  }

  /** The certificates in force. */
  get keepers(): Keepers {
    return this.#keepers
  }

  /**
   * Reloads after whatever rolls now. Whoever asks while a reload waits gets the outcome of that one: it will read
   * files that are newer than the wish.
   *
   * @throws {ServerError} when the configuration is wrong, or asks for what only a new start can give.
   */
  reload(): Promise<ReloadAnswer> {
    this.#next ??= this.exclusively(() => {
      this.#next = undefined
      return this.#reload()
    })
    return this.#next
  }

  /** Runs one rolling operation at a time: the next begins when the last has settled, or does nothing but wait for a program. */
  exclusively<Result>(run: () => Promise<Result>): Promise<Result> {
    const { supervisor } = this.#options
    supervisor.queue(1)
    const result = this.#running.then(() => {
      supervisor.queue(-1)
      return run()
    })
    this.#running = result.catch(() => {})
    return result
  }

  /** What a reload would change. */
  async preview(): Promise<ReloadAnswer> {
    const loaded = await this.#load()
    await refuseCertificates(loaded.config)
    return { changes: changesBetween(this.#loaded.config, loaded.config), warnings: loaded.warnings }
  }

  /**
   * Checks the configuration, and leaves the rest to a reload that goes on; what becomes of it is in the status.
   *
   * @throws {ServerError} as `reload` does.
   */
  async begin(): Promise<ReloadAnswer> {
    const startedAt = this.#options.clock.now()
    try {
      const answer = await this.preview()
      refuse(answer.changes)
      void this.reload().catch(() => {})
      return answer
    } catch (error) {
      this.#reportRefusal(error, startedAt)
      throw error
    }
  }

  async #reload(): Promise<ReloadAnswer> {
    const { supervisor, cron, clock, log, systemd, version, secret, links } = this.#options
    const startedAt = clock.now()
    log.info('reload.started', { generation: supervisor.generation + 1 })
    systemd.notify('RELOADING=1', monotonicTime())
    try {
      const loaded = await this.#load()
      for (const warning of loaded.warnings) log.warn('config.warning', { message: warning })
      const changes = changesBetween(this.#loaded.config, loaded.config)
      refuse(changes)
      const keepers = await openKeepers(loaded.config, log, this.#keepers)
      const crons = defineCron({ config: loaded.config, hasTree: true })
      const outcome = await supervisor.reload(
        defineTree(loaded, { revision: ++this.#revision, keepers, version, secret, links }),
      )
      if (outcome.ok) {
        this.#loaded = loaded
        this.#changes = changes
        cron.configure(crons)
        closeKeepers(this.#keepers)
        this.#keepers = keepers
        watchKeepers(keepers, app => supervisor.renewCredentials(app))
        log.setLevel(loaded.config.log.level)
      }
      return { outcome, changes, warnings: loaded.warnings }
    } catch (error) {
      this.#reportRefusal(error, startedAt)
      throw error
    } finally {
      systemd.notify('READY=1')
    }
  }

  async #load(): Promise<LoadedConfig> {
    const { file, dir } = this.#loaded.config
    // Without its file the tree would get the defaults of a start without one: another address, say.
    if (file !== undefined && !existsSync(file) && findConfigFile(dir) === undefined) {
      throw new ServerError('ERR_CONFIG_UNREADABLE', `The configuration ${file} is gone.`)
    }
    const loaded = await this.#options.load()
    refuseLogFiles(loaded.config)
    refuseDashboardFiles(loaded.config)
    await refuseEdgeFiles(loaded.config)
    return loaded
  }

  /** Whoever reloads by a signal has nothing but the log to read why. */
  #reportRefusal(error: unknown, startedAt: number): void {
    const { supervisor, log } = this.#options
    const problems = error instanceof ServerError ? error.problems : []
    for (const problem of problems) log.error('config.problem', { message: problem })
    log.error('reload.refused', { error: messageOf(error) })
    supervisor.noteReload({ ok: false, message: [messageOf(error), ...problems].join(' ') }, startedAt)
  }
}

function changesBetween(from: Config, to: Config): Change[] {
  return diffConfig(from, to).map(change => {
    const [before, after] = [from.apps[change.app ?? ''], to.apps[change.app ?? '']]
    // Who has begun to listen on a socket, the workers or the supervisor, cannot give it to the other.
    const isRefused = change.path.endsWith('.balance') && before && after && acceptorOf(before) !== acceptorOf(after)
    return isRefused ? { ...change, effect: 'refused' } : change
  })
}

function refuse(changes: readonly ConfigChange[]): void {
  const refused = changes.filter(change => change.effect === 'refused')
  if (refused.length === 0) return
  throw new ServerError(
    'ERR_CONTROL_REFUSED',
    'The reload asks for what only a new start can give. Nothing was changed; stop the tree and start it again.',
    { problems: refused.map(formatChange) },
  )
}

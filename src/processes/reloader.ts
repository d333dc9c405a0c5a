/** A reload, whoever asks for it: read the whole configuration, compare, refuse or roll. */
import { existsSync } from 'node:fs'
import type { Clock } from '../base/clock.ts'
import { messageOf, ServerError } from '../base/errors.ts'
import type { AdjustableLog } from '../base/log.ts'
import type { Config, LoadedConfig } from '../config/config.ts'
import { type Change, diffConfig, formatChange } from '../config/diff.ts'
import { findConfigFile } from '../config/find-file.ts'
import type { ConfigChange, ReloadAnswer } from '../control/operations.ts'
import { acceptorOf } from '../supervisor/app-definition.ts'
import type { Supervisor } from '../supervisor/supervisor.ts'
import { monotonicTime, type SystemdNotifier } from '../supervisor/systemd.ts'
import { defineApps } from './define-app.ts'
import { defineStores } from './define-store.ts'
import { refuseLogFiles } from './log-files.ts'

export interface ReloaderOptions {
  readonly supervisor: Supervisor
  readonly clock: Clock
  readonly log: AdjustableLog
  readonly systemd: SystemdNotifier
  readonly loaded: LoadedConfig
  load(): Promise<LoadedConfig>
}

export class Reloader {
  readonly #options: ReloaderOptions
  #loaded: LoadedConfig
  #revision = 1
  #running: Promise<unknown> = Promise.resolve()
  #next: Promise<ReloadAnswer> | undefined

  constructor(options: ReloaderOptions) {
    this.#options = options
    this.#loaded = options.loaded
  }

  /** The configuration in force. */
  get loaded(): LoadedConfig {
    return this.#loaded
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

  /** Runs one rolling operation at a time: the next begins when the last has settled. */
  exclusively<Result>(run: () => Promise<Result>): Promise<Result> {
    const result = this.#running.then(run)
    this.#running = result.catch(() => {})
    return result
  }

  /** What a reload would change. */
  async preview(): Promise<ReloadAnswer> {
    const loaded = await this.#load()
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
    const { supervisor, clock, log, systemd } = this.#options
    const startedAt = clock.now()
    log.info('reload.started', { generation: supervisor.generation + 1 })
    systemd.notify('RELOADING=1', monotonicTime())
    try {
      const loaded = await this.#load()
      for (const warning of loaded.warnings) log.warn('config.warning', { message: warning })
      const changes = changesBetween(this.#loaded.config, loaded.config)
      refuse(changes)
      const apps = defineApps(loaded.config, ++this.#revision)
      const outcome = await supervisor.reload(apps, defineStores(loaded))
      if (outcome.ok) {
        this.#loaded = loaded
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

/** A reload, whoever asks for it: read the whole configuration, compare, refuse or roll. */
import { messageOf, ServerError } from '../base/errors.ts'
import type { AdjustableLog } from '../base/log.ts'
import type { LoadedConfig } from '../config/config.ts'
import { diffConfig } from '../config/diff.ts'
import type { ConfigChange, ReloadAnswer } from '../control/operations.ts'
import type { Supervisor } from '../supervisor/supervisor.ts'
import type { SystemdNotifier } from '../supervisor/systemd.ts'
import { defineApps } from './define-app.ts'

export interface ReloaderOptions {
  readonly supervisor: Supervisor
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
    const loaded = await this.#options.load()
    return { changes: diffConfig(this.#loaded.config, loaded.config), warnings: loaded.warnings }
  }

  /**
   * Checks the configuration, and leaves the rest to a reload that goes on; what becomes of it is in the status.
   *
   * @throws {ServerError} as `reload` does.
   */
  async begin(): Promise<ReloadAnswer> {
    const answer = await this.preview()
    refuse(answer.changes)
    void this.reload().catch(() => {})
    return answer
  }

  async #reload(): Promise<ReloadAnswer> {
    const { supervisor, log, systemd } = this.#options
    log.info('reload.started', { generation: supervisor.generation + 1 })
    systemd.notify('RELOADING=1')
    try {
      const loaded = await this.#options.load()
      for (const warning of loaded.warnings) log.warn('config.warning', { message: warning })
      const changes = diffConfig(this.#loaded.config, loaded.config)
      refuse(changes)
      const apps = defineApps(loaded.config, ++this.#revision)
      const outcome = await supervisor.reload(apps)
      if (outcome.ok) {
        this.#loaded = loaded
        log.setLevel(loaded.config.log.level)
      }
      return { outcome, changes, warnings: loaded.warnings }
    } catch (error) {
      const problems = error instanceof ServerError ? error.problems : []
      const message = [messageOf(error), ...problems].join(' ')
      log.error('reload.refused', { error: message })
      supervisor.noteReload({ ok: false, message })
      throw error
    } finally {
      systemd.notify('READY=1')
    }
  }
}

function refuse(changes: readonly ConfigChange[]): void {
  const refused = changes.filter(change => change.effect === 'refused').map(change => change.path)
  if (refused.length === 0) return
  throw new ServerError(
    'ERR_CONTROL_REFUSED',
    `${refused.join(', ')} cannot change in a reload. Nothing was changed; stop the tree and start it again.`,
  )
}

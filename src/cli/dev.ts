import { dirname, relative } from 'node:path'
import type { Command } from 'commander'
import { messageOf } from '../base/errors.ts'
import type { Config, LoadedConfig } from '../config/config.ts'
import { loadConfig } from '../config/load.ts'
import { supervise } from '../processes/supervise.ts'
import { addConfigOptions, type ConfigOptions, loadRequest } from './config-options.ts'
import { formatError } from './format-error.ts'
import type { CommandContext } from './main.ts'
import { FolderWatch } from './watch-folder.ts'

const shownMax = 3

export function define(command: Command, { version }: CommandContext): void {
  addConfigOptions(command)
    .addHelpText(
      'after',
      '\nOne worker, no access log and no timeout, unless something else is asked for. The\n' +
        'worker is replaced when a source, a template or a configuration changes; what is in\n' +
        'node_modules, dist, build, coverage or a hidden folder does not count.\n' +
        '\nExamples:\n  saola dev ./app.ts\n  saola dev -b :3000 ./src/server.ts',
    )
    .action(async (app: string | undefined, options: ConfigOptions) => {
      process.exit(await develop(version, () => loadConfig(loadRequest(app, options, 'dev'))))
    })
}

/** Serves until it is stopped. A program that cannot even start waits for the change that mends it. */
async function develop(version: string, load: () => Promise<LoadedConfig>): Promise<number> {
  let loaded = await load()
  const changes = new Changes(foldersOf(loaded.config))
  for (;;) {
    const code = await supervise({
      version,
      loaded,
      load,
      onReload(reload, log) {
        changes.onChange = paths => {
          log.info('files.changed', { files: shorten(paths) })
          reload()
        }
      },
    })
    if (code === 0) return 0
    process.stderr.write('saola: waiting for a changed file …\n')
    loaded = await mended(load, changes)
  }
}

/** Where the configuration is and what it serves. */
function foldersOf({ dir, apps }: Config): string[] {
  const isInside = (path: string) => !relative(dir, path).startsWith('..')
  const outside = Object.values(apps).flatMap(({ app }) => (app === undefined ? [] : [dirname(app)]))
  return [...new Set([dir, ...outside.filter(folder => !isInside(folder))])]
}

/** The configuration after a change that leaves it without problems. */
async function mended(load: () => Promise<LoadedConfig>, changes: Changes): Promise<LoadedConfig> {
  for (;;) {
    await changes.next()
    try {
      return await load()
    } catch (error) {
      process.stderr.write(formatError(error))
    }
  }
}

/** The changed files, for whoever waits for them now. */
class Changes {
  onChange: ((paths: readonly string[]) => void) | undefined
  /** Something has changed since the last program was loaded. */
  #isNew = false

  constructor(folders: readonly string[]) {
    for (const folder of folders) {
      new FolderWatch({
        folder,
        onChange: paths => {
          this.#isNew = true
          this.onChange?.(paths)
        },
        onTrouble: (where, error) => process.stderr.write(`saola: Cannot watch ${where} (${messageOf(error)}).\n`),
      })
    }
  }

  /** Resolves at once when a change came too late for the tree that has just failed. */
  async next(): Promise<void> {
    if (!this.#isNew)
      await new Promise<unknown>(resolve => {
        this.onChange = resolve
      })
    this.#isNew = false
  }
}

function shorten(paths: readonly string[]): string {
  const more = paths.length - shownMax
  return paths.slice(0, shownMax).join(', ') + (more > 0 ? ` and ${more} more` : '')
}

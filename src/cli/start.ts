import type { Command } from 'commander'
import { loadConfig } from '../config/load.ts'
import { supervise } from '../processes/supervise.ts'
import { addConfigOptions, type ConfigOptions, loadRequest } from './config-options.ts'
import type { CommandContext } from './main.ts'

export function define(command: Command, { version }: CommandContext): void {
  addConfigOptions(command)
    .addHelpText(
      'after',
      '\nRuns in the foreground until it is stopped.\n' +
        '\nExamples:\n  saola start ./app.ts\n  saola start ./app.ts -w 4 -b :8000\n  saola start -c saola.config.ts',
    )
    .action(async (app: string | undefined, options: ConfigOptions) => {
      const load = () => loadConfig(loadRequest(app, options, 'start'))
      process.exit(await supervise({ version, loaded: await load(), load }))
    })
}

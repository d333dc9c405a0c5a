import type { Command } from 'commander'
import { loadConfig } from '../config/load.ts'
import { supervise } from '../processes/supervise.ts'
import { addConfigOptions, type ConfigOptions, loadRequest } from './config-options.ts'
import type { CommandContext } from './main.ts'
import { explainName, startInTree } from './start-in-tree.ts'

export function define(command: Command, { version }: CommandContext): void {
  addConfigOptions(command)
    .addHelpText(
      'after',
      '\nRuns in the foreground until it is stopped.\n' +
        '\nExamples:\n  saola start ./app.ts\n  saola start ./app.ts -w 4 -b :8000\n  saola start -c saola.config.ts\n' +
        '\nWithout an application, the edge alone:\n  saola start --static ./public\n' +
        '  saola start --static ./public --proxy http://127.0.0.1:9000,http://127.0.0.1:9001 -b :8000\n' +
        '\nIn a tree that runs here, what was stopped, has ended or was given up:\n  saola start redis',
    )
    .action(async (app: string | undefined, options: ConfigOptions) => {
      const load = () => loadConfig(loadRequest(app, options, 'start'))
      if (app !== undefined && (await startInTree(app, options))) return
      const loaded = await load().catch(error => {
        throw explainName(error, app)
      })
      process.exit(await supervise({ version, loaded, load }))
    })
}

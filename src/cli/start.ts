import type { Command } from 'commander'
import { loadConfig } from '../config/load.ts'
import { supervise } from '../processes/supervise.ts'
import type { CommandContext } from './main.ts'

interface StartOptions {
  readonly workers?: string
  readonly bind?: string[]
  readonly config?: string
  readonly name?: string
}

export function define(command: Command, { version }: CommandContext): void {
  command
    .argument('[app]', 'the file to serve; without it, what the configuration says')
    .option('-w, --workers <number>', 'how many workers, or "auto"')
    .option('-b, --bind <address...>', 'where to listen: HOST:PORT, :PORT, unix:PATH, fd://N, systemd:NAME')
    .option('-c, --config <file>', 'the configuration; saola.config.ts and its kin by default')
    .option('--name <name>', 'the name of the tree')
    .addHelpText(
      'after',
      '\nExamples:\n  saola start ./app.ts\n  saola start ./app.ts -w 4 -b :8000\n  saola start -c saola.config.ts\n',
    )
    .action(async (app: string | undefined, options: StartOptions) => {
      const { workers, bind, config: file, name } = options
      const load = () =>
        loadConfig({
          cwd: process.cwd(),
          file,
          flags: { app, workers, bind, name },
          env: process.env,
          mode: 'start',
          tty: process.stdout.isTTY,
        })
      process.exit(await supervise({ version, loaded: await load(), load }))
    })
}

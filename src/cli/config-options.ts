/** The options that say what to serve and how: those of `start`, `dev`, `check` and `config`. */
import type { Command } from 'commander'
import type { LoadRequest } from '../config/config.ts'

export interface ConfigOptions {
  readonly workers?: string
  readonly bind?: readonly string[]
  readonly config?: string
  readonly name?: string
}

export function addConfigOptions(command: Command): Command {
  return command
    .argument('[app]', 'the file to serve; without it, what the configuration says')
    .option('-w, --workers <number>', 'how many workers, or "auto"')
    .option(
      '-b, --bind <address>',
      'where to listen: HOST:PORT, :PORT, unix:PATH, fd://N, systemd:NAME; several times',
      collect,
    )
    .option('-c, --config <file>', 'the configuration; saola.config.ts and its kin by default')
    .option('--name <name>', 'the name of the tree')
}

/** An option that takes all words after it would take the application, too: `-b :8000 ./app.ts`. */
function collect(value: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, value]
}

/** What to load, from here and for here. */
export function loadRequest(app: string | undefined, options: ConfigOptions, mode: 'start' | 'dev'): LoadRequest {
  const { workers, bind, config, name } = options
  return {
    cwd: process.cwd(),
    file: config,
    flags: { app, workers, bind, name },
    env: process.env,
    mode,
    tty: process.stdout.isTTY,
  }
}

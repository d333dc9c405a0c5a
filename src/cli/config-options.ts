/** The options that say what to serve and how: those of `start`, `dev`, `check` and `config`. */
import type { Command } from 'commander'
import { ServerError } from '../base/errors.ts'
import type { LoadRequest } from '../config/config.ts'

export interface ConfigOptions {
  readonly workers?: string
  readonly bind?: readonly string[]
  readonly config?: string
  readonly name?: string
  readonly envFile?: readonly string[] | false
  readonly static?: string
  readonly proxy?: readonly string[]
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
    .option('--env-file <file>', 'variables for all processes, instead of .env and .env.local; several times', collect)
    .option('--no-env-file', 'no variables from files')
    .option(
      '--static <folder>',
      'serve the files of a folder; what is none goes to the application or to --proxy',
      folder,
    )
    .option('--proxy <url>', 'send requests to other servers: URL[,URL…], or unix:PATH; several times', collectUrls)
}

/** Without its folder it would take the option behind it for one. */
function folder(value: string): string {
  if (!value.startsWith('-')) return value
  const got = JSON.stringify(value)
  throw new ServerError(
    'ERR_USAGE',
    `--static expected a folder, got ${got}. Write ./${value} for a folder of that name.`,
  )
}

/** An option that takes all words after it would take the application, too: `-b :8000 ./app.ts`. */
function collect(value: string, earlier: readonly string[] | false = []): readonly string[] {
  return [...(earlier || []), value]
}

function collectUrls(value: string, earlier: readonly string[] = []): readonly string[] {
  const urls = value.split(',').map(url => url.trim())
  const wrong = urls.find(url => !isUpstream(url))
  if (wrong === undefined) return [...earlier, ...urls]
  const got = JSON.stringify(wrong)
  throw new ServerError('ERR_USAGE', `--proxy expected a URL such as http://127.0.0.1:9000, or unix:PATH, got ${got}.`)
}

/** Of HTTP, with a host. What else may be in it, the configuration knows. */
function isUpstream(text: string): boolean {
  if (text.startsWith('unix:')) return text.length > 'unix:'.length
  return /^https?:\/\/./i.test(text) && URL.canParse(text)
}

/** What to load, from here and for here. */
export function loadRequest(app: string | undefined, options: ConfigOptions, mode: 'start' | 'dev'): LoadRequest {
  const { workers, bind, config, name, envFile, static: folder, proxy } = options
  return {
    cwd: process.cwd(),
    file: config,
    flags: { app, workers, bind, name, static: folder, proxy },
    env: process.env,
    envFiles: envFile,
    mode,
    tty: process.stdout.isTTY,
  }
}

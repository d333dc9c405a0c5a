/** `saola`: the list of commands. Each is one file here, loaded only when it is asked for. */
import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { currentFolder } from '../base/current-folder.ts'
import { ServerError } from '../base/errors.ts'
import { formatError } from './format-error.ts'

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string
}

/** What a command's file exports. */
export interface CommandFile {
  /** Adds the arguments and options, and the action. */
  define(command: Command, context: CommandContext): void
}

export interface CommandContext {
  readonly version: string
}

interface CommandRow {
  readonly summary: string
  load(): Promise<CommandFile>
}

const commands: Record<string, CommandRow> = {
  start: { summary: 'serve an application on every core', load: () => import('./start.ts') },
  dev: { summary: 'serve it with one worker, and restart on changed files', load: () => import('./dev.ts') },
  check: { summary: 'say what is wrong with the configuration', load: () => import('./check.ts') },
  config: { summary: 'print the configuration', load: () => import('./config.ts') },
  status: { summary: 'the running tree and its processes', load: () => import('./status.ts') },
  top: { summary: 'the same, live, with requests a second', load: () => import('./top.ts') },
  reload: { summary: 'read the configuration again and replace every worker', load: () => import('./reload.ts') },
  restart: { summary: 'replace workers one after the other, and programs', load: () => import('./restart.ts') },
  stop: { summary: 'stop the tree, or some of its processes', load: () => import('./stop.ts') },
  scale: { summary: 'change the number of workers, or of processes of a program', load: () => import('./scale.ts') },
  logs: { summary: 'what the tree and its processes print', load: () => import('./logs.ts') },
  run: { summary: 'run an entry of cron now', load: () => import('./run.ts') },
  events: { summary: 'every change of state of the tree, as JSON lines', load: () => import('./events.ts') },
  store: { summary: 'look into the shared store, back it up and restore it', load: () => import('./store.ts') },
  tasks: { summary: 'look at background tasks, run, retry, pause and remove them', load: () => import('./tasks.ts') },
  password: { summary: 'make the hash of a password for edge.access', load: () => import('./password.ts') },
  cache: { summary: 'forget what the edge keeps, and see how it does', load: () => import('./cache.ts') },
  init: { summary: 'write a configuration, and files for Docker, Compose or systemd', load: () => import('./init.ts') },
  import: { summary: 'take over the configuration of supervisord, PM2, Gunicorn', load: () => import('./import.ts') },
  dashboard: { summary: 'print an address that signs in to the dashboard', load: () => import('./dashboard.ts') },
  stack: { summary: 'what a worker does at this moment', load: () => import('./stack.ts') },
  profile: {
    summary: 'what a worker spends its time on, as a file for Chrome DevTools',
    load: () => import('./profile.ts'),
  },
  heap: {
    summary: 'what is in the memory of a worker, as a file for Chrome DevTools',
    load: () => import('./heap.ts'),
  },
}

const usageExitCode = 2

/** Runs one command line. Sets the exit code; a command that serves ends the process itself. */
export async function main(argv: readonly string[]): Promise<void> {
  const words = argv.slice(2)
  const args = words[0] === 'help' ? [...words.slice(1), '--help'] : words
  try {
    const program = await createProgram(args[0])
    await program.parseAsync(args, { from: 'user' })
  } catch (error) {
    reportError(error)
  }
}

/** Only the command that is wanted is loaded; of the others, the help needs a line. */
async function createProgram(wanted: string | undefined): Promise<Command> {
  const program = new Command('saola')
    .description('The application server for Node.js.')
    .version(version, '-V, --version', 'print the version')
    .helpCommand(false)
    .configureOutput({ outputError: (text, write) => write(usageText(text)) })
    .exitOverride()
    .hook('preAction', requireFolder)
    .addHelpText(
      'after',
      '\nExamples:\n  saola start ./app.ts\n  saola reload --wait\n  saola status\n\n"saola <command> --help" says more.',
    )
  for (const [name, { summary, load }] of Object.entries(commands)) {
    const command = program.command(name).description(summary)
    if (name === wanted) (await load()).define(command, { version })
  }
  return program
}

/** Every command begins with where it was called. The help does not. */
function requireFolder(): void {
  if (currentFolder() !== undefined) return
  throw new ServerError('ERR_USAGE', 'The folder that this was called in has been deleted. Change into another one.')
}

/** What commander says of a wrong command line, in the form of all other errors. */
function usageText(text: string): string {
  const [message = '', hint] = text
    .replace(/^error: /, '')
    .trim()
    .split(/\n(?=\(Did)/)
  const meant = hint && /\(Did you mean (.+)\?\)/.exec(hint)?.[1]
  return `saola: ${message}${meant ? `, did you mean ${meant}?` : ''}   [ERR_USAGE]\n`
}

/** Says what is wrong; the exit code says that it failed. */
function reportError(error: unknown): void {
  // Commander has printed the help, the version or what is wrong.
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : usageExitCode
    return
  }
  process.stderr.write(formatError(error))
  process.exitCode = error instanceof ServerError && error.code === 'ERR_USAGE' ? usageExitCode : 1
}

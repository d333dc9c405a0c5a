/** `saola`: the list of commands. Each is one file here, loaded only when it is asked for. */
import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { messageOf, ServerError } from '../base/errors.ts'

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
}

/** Runs one command line. Sets the exit code; a command that serves ends the process itself. */
export async function main(argv: readonly string[]): Promise<void> {
  const program = new Command('saola')
    .description('The application server for Node.js.')
    .version(version, '-V, --version', 'print the version')
    .helpCommand(false)
    .showSuggestionAfterError()
  const [, , wanted] = argv
  for (const [name, { summary, load }] of Object.entries(commands)) {
    const command = program.command(name).description(summary)
    if (name === wanted) (await load()).define(command, { version })
  }
  try {
    await program.parseAsync([...argv])
  } catch (error) {
    reportError(error)
  }
}

/** One line for people, and one for each problem; the exit code says that it failed. */
function reportError(error: unknown): void {
  const code = error instanceof ServerError ? `   [${error.code}]` : ''
  const problems = error instanceof ServerError ? error.problems : []
  const text =
    error instanceof ServerError ? messageOf(error) : ((error as Error | undefined)?.stack ?? messageOf(error))
  process.stderr.write(`saola: ${text}${code}\n${problems.map(problem => `  ${problem}\n`).join('')}`)
  process.exitCode = error instanceof ServerError && error.code === 'ERR_USAGE' ? 2 : 1
}

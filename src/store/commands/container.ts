import { Status } from '../resp/reply.ts'
import type { Command, CommandContext, CountedKeys, KeyPositions } from './command.ts'
import { CommandError } from './command-error.ts'

/** One of several commands with a common first word, such as LIST of CLIENT LIST; it gets what is behind that word. */
export type Subcommand = Pick<Command, 'name' | 'summary' | 'usage' | 'arity' | 'run'>

export interface Container extends Pick<Command, 'name' | 'summary' | 'flags'> {
  readonly subcommands: readonly Subcommand[]
  /** Counted as in a command: the word of the subcommand is argument 0. */
  readonly keys?: KeyPositions | CountedKeys
  /** What it does without a subcommand; by default that is an error. */
  readonly runAlone?: (context: CommandContext) => ReturnType<Command['run']>
}

/** A command that is several, with HELP for them. Their errors are those of Redis. */
export function container({ name, summary, flags, subcommands, keys, runAlone }: Container): Command {
  const help: Subcommand = {
    name: 'help',
    summary: 'Prints this help.',
    usage: '',
    arity: 0,
    run: () => helpOf(name, all),
  }
  const all = [...subcommands, help]
  const byName = new Map(all.map(each => [each.name, each]))
  return {
    name,
    summary,
    usage: 'subcommand [argument …]',
    arity: runAlone ? [0, Number.POSITIVE_INFINITY] : -1,
    flags,
    keys,
    subcommands: all.map(each => ({ ...each, flags, keys: undefined })),
    run: (context, [word, ...args]) => {
      if (!word) return runAlone?.(context) ?? null
      return check(name, byName.get(nameOf(word)), word, args.length).run(context, args)
    },
  }
}

/**
 * Whether a call could be run, as far as its words say: what is kept between MULTI and EXEC is checked so when it comes.
 *
 * @param args those of the command, the word of the subcommand first.
 * @throws {CommandError} when there is no such subcommand, or the number of its arguments is wrong.
 */
export function checkSubcommand({ name, subcommands }: Command, [word, ...args]: readonly Buffer[]): void {
  if (!subcommands || !word) return
  const wanted = nameOf(word)
  const found = subcommands.find(each => each.name === wanted)
  check(name, found, word, args.length)
}

function nameOf(word: Buffer): string {
  return word.toString('latin1').toLowerCase()
}

function check<Found extends Subcommand>(name: string, found: Found | undefined, word: Buffer, count: number): Found {
  if (!found) throw unknownSubcommand(name, word)
  if (takes(found, count)) return found
  throw new CommandError('ERR', `wrong number of arguments for '${name}|${found.name}' command`)
}

/** Whether so many arguments are right, the name not counted. */
function takes({ arity }: Pick<Command, 'arity'>, count: number): boolean {
  if (typeof arity !== 'number') return count >= arity[0] && count <= arity[1]
  return arity < 0 ? count >= -arity : count === arity
}

function unknownSubcommand(name: string, word: Buffer): CommandError {
  const shown = word.toString('utf8', 0, 128)
  return new CommandError('ERR', `unknown subcommand '${shown}'. Try ${name.toUpperCase()} HELP.`)
}

function helpOf(name: string, subcommands: readonly Subcommand[]): readonly Status[] {
  const title = `${name.toUpperCase()} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:`
  const lines = subcommands.flatMap(each => [`${each.name.toUpperCase()} ${each.usage}`.trim(), `    ${each.summary}`])
  return [title, ...lines].map(line => new Status(line))
}

/** Every command of the store. One row makes it known to dispatch, to COMMAND, to the docs and to local reads. */
import type { Command } from './command.ts'
import { CommandError } from './command-error.ts'
import { connection } from './connection.ts'
import { hashes } from './hashes.ts'
import { keys } from './keys.ts'
import { strings } from './strings.ts'
import { transactions } from './transaction.ts'

export const commands: ReadonlyMap<string, Command> = new Map(
  [...keys, ...strings, ...hashes, ...connection, ...transactions].map(command => [command.name, command]),
)

const byBytes = new Map<string, Command>()

/**
 * The command of a request, which is its name and its arguments.
 *
 * @throws {CommandError} when there is none of this name, or the number of arguments is wrong.
 */
export function commandOf(request: readonly Buffer[]): Command {
  const text = request[0]?.toString('latin1') ?? ''
  const command = byBytes.get(text) ?? lookUp(text)
  const count = request.length - 1
  const { arity } = command
  const isRight =
    typeof arity === 'number' ? (arity < 0 ? count >= -arity : count === arity) : count >= arity[0] && count <= arity[1]
  if (!isRight) throw new CommandError('ERR', `wrong number of arguments for '${command.name}' command`)
  return command
}

/** As clients write it: mostly in capitals. */
function lookUp(text: string): Command {
  const command = commands.get(text.toLowerCase())
  if (!command) throw new CommandError('ERR', `unknown command '${text.slice(0, 128)}'`)
  if (byBytes.size < 4 * commands.size) byBytes.set(text, command)
  return command
}

/** The keys that a request names. */
export function keysOf({ keys: positions }: Command, args: readonly Buffer[]): Buffer[] {
  if (!positions) return []
  const last = positions.last < 0 ? args.length + positions.last : positions.last
  const found: Buffer[] = []
  for (let i = positions.first; i <= last && i < args.length; i += positions.step) found.push(args[i] as Buffer)
  return found
}

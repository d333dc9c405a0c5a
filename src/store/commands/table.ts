/** Every command of the store. One row makes it known to dispatch, to COMMAND, to the docs and to local reads. */

import { isStoredAsItIs, storedName } from '../database/key-names.ts'
import { administration } from './administration.ts'
import { caches } from './caches.ts'
import type { Command, KeyPositions } from './command.ts'
import { CommandError } from './command-error.ts'
import { connection } from './connection.ts'
import { hashes } from './hashes.ts'
import { keys } from './keys.ts'
import { listArrays } from './list-arrays.ts'
import { listTakes } from './list-takes.ts'
import { lists } from './lists.ts'
import { locks } from './locks.ts'
import { maps } from './maps.ts'
import { sets } from './sets.ts'
import { sortedSets } from './sorted-sets.ts'
import { strings } from './strings.ts'
import { transactions } from './transaction.ts'

export const commands: ReadonlyMap<string, Command> = new Map(
  [
    ...keys,
    ...strings,
    ...hashes,
    ...maps,
    ...sets,
    ...sortedSets,
    ...lists,
    ...listArrays,
    ...listTakes,
    ...locks,
    ...caches,
    ...connection,
    ...administration,
    ...transactions,
  ].map(command => [command.name, command]),
)

const byText = new Map<string, Command>()

/**
 * The command of a request, which is its name and its arguments.
 *
 * @throws {CommandError} when there is none of this name, or the number of arguments is wrong.
 */
export function commandOf(request: readonly Buffer[]): Command {
  return commandNamed(request[0]?.toString('latin1') ?? '', request.length - 1)
}

/** The same for a name and a number of arguments. */
export function commandNamed(name: string, count: number): Command {
  const command = byText.get(name) ?? lookUp(name)
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
  if (byText.size < 4 * commands.size) byText.set(text, command)
  return command
}

/** The keys that a request names, as it names them. */
export function keysOf(command: Command, args: readonly Buffer[]): Buffer[] {
  return keyPositionsOf(command, args).map(position => args[position] as Buffer)
}

/** Where they are among the arguments. */
export function keyPositionsOf({ keys }: Command, args: readonly Buffer[]): number[] {
  if (!keys) return []
  if (!('countAt' in keys)) return positionsBetween(keys, args.length)
  const { countAt, target } = keys
  const count = Number(args[countAt]?.toString('latin1'))
  const first = countAt + 1
  // What is no number of keys is an error of the command.
  const last = Number.isSafeInteger(count) ? Math.min(countAt + count, args.length - 1) : countAt
  const counted = positionsBetween({ first, last, step: 1 }, args.length)
  return target === undefined ? counted : [target, ...counted]
}

function positionsBetween({ first, last, step }: KeyPositions, length: number): number[] {
  const found: number[] = []
  for (let i = first; i <= (last < 0 ? length + last : last) && i < length; i += step) found.push(i)
  return found
}

/** Puts the names under which keys are stored in the place of those that a request names. */
export function nameStoredKeys(command: Command, args: Buffer[], database: number): readonly Buffer[] {
  const { keys } = command
  if (!keys) return args
  const only = 'countAt' in keys || keys.first !== keys.last ? undefined : args[keys.first]
  // The usual case, without a list of positions.
  if (only && isStoredAsItIs(database, only)) return args
  for (const position of keyPositionsOf(command, args)) {
    args[position] = storedName(database, args[position] as Buffer)
  }
  return args
}

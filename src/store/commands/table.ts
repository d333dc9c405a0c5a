/** Every command of the store. One row makes it known to dispatch, to COMMAND, to the docs and to local reads. */

import { isStoredAsItIs, storedName } from '../database/key-names.ts'
import { administration } from './administration.ts'
import { bitFields } from './bit-fields.ts'
import { bits } from './bits.ts'
import { caches } from './caches.ts'
import { client } from './client.ts'
import type { Command, KeyPositions } from './command.ts'
import { type CommandTable, commandCommand } from './command-command.ts'
import { CommandError } from './command-error.ts'
import { config } from './config.ts'
import { connection } from './connection.ts'
import { counting } from './counting.ts'
import { databases, transfers } from './databases.ts'
import { hashScans } from './hash-scans.ts'
import { hashes } from './hashes.ts'
import { identification } from './identification.ts'
import { info } from './info.ts'
import { keyScans } from './key-scans.ts'
import { keyTimes } from './key-times.ts'
import { keys } from './keys.ts'
import { listArrays } from './list-arrays.ts'
import { listMoves } from './list-moves.ts'
import { listSearches } from './list-searches.ts'
import { listTakes } from './list-takes.ts'
import { lists } from './lists.ts'
import { locks } from './locks.ts'
import { maps } from './maps.ts'
import { objects } from './objects.ts'
import { queueing } from './queueing.ts'
import { rateLimits } from './rate-limits.ts'
import { setAlgebra } from './set-algebra.ts'
import { randomMembers } from './set-random.ts'
import { sets } from './sets.ts'
import { sorts } from './sort.ts'
import { sortedSets } from './sorted-sets.ts'
import { stringRanges } from './string-ranges.ts'
import { strings } from './strings.ts'
import { subscriptions } from './subscriptions.ts'
import { tasks } from './tasks/tasks.ts'
import { timeAndSaves } from './time-and-saves.ts'
import { transactions } from './transaction.ts'

/** By the groups that Redis has in its documentation; ours, which begin with `saola.`, are one of their own there. */
export const commandGroups: Readonly<Record<string, readonly Command[]>> = {
  generic: [...keys, ...keyTimes, ...keyScans, ...transfers, ...objects, ...sorts],
  string: [...strings, ...counting, ...stringRanges],
  bitmap: [...bits, ...bitFields],
  hash: [...hashes, ...hashScans, ...maps],
  list: [...lists, ...listSearches, ...listMoves, ...listArrays, ...listTakes],
  set: [...sets, ...randomMembers, ...setAlgebra],
  'sorted-set': sortedSets,
  saola: [...locks, ...caches, ...rateLimits, ...tasks],
  connection: [...connection, ...identification, client],
  pubsub: subscriptions,
  transactions: [...queueing, ...transactions],
  server: [...databases, ...administration, ...timeAndSaves, config, info, commandCommand(() => table)],
}

export const commands: ReadonlyMap<string, Command> = new Map(
  Object.values(commandGroups)
    .flat()
    .map(command => [command.name, command]),
)

const table: CommandTable = { all: commands, groups: commandGroups, commandOf, keysOf }
const unknownTextMax = 128
const byText = new Map<string, Command>()

/**
 * The command of a request, which is its name and its arguments.
 *
 * @throws {CommandError} when there is none of this name, or the number of arguments is wrong.
 */
export function commandOf(request: readonly Buffer[]): Command {
  const command = lookUp(request[0]?.toString('latin1') ?? '')
  if (!command) throw unknownCommand(String(request[0] ?? ''), request)
  return withArguments(command, request.length - 1)
}

/** The same for a name and a number of arguments. */
export function commandNamed(name: string, count: number): Command {
  const command = lookUp(name)
  if (!command) throw unknownCommand(name, [])
  return withArguments(command, count)
}

function withArguments(command: Command, count: number): Command {
  const { arity } = command
  const isRight =
    typeof arity === 'number' ? (arity < 0 ? count >= -arity : count === arity) : count >= arity[0] && count <= arity[1]
  if (!isRight) throw new CommandError('ERR', `wrong number of arguments for '${command.name}' command`)
  return command
}

/** With the beginning of its arguments, as Redis shows it. */
function unknownCommand(name: string, [, ...args]: readonly Buffer[]): CommandError {
  let shown = ''
  for (const arg of args) {
    const left = unknownTextMax - shown.length
    if (left <= 0) break
    shown += `'${arg.toString('utf8', 0, left)}' `
  }
  return new CommandError(
    'ERR',
    `unknown command '${name.slice(0, unknownTextMax)}', with args beginning with: ${shown}`,
  )
}

/** As clients write it: mostly in capitals. */
function lookUp(text: string): Command | undefined {
  const known = byText.get(text)
  if (known) return known
  const command = commands.get(text.toLowerCase())
  if (command && byText.size < 4 * commands.size) byText.set(text, command)
  return command
}

/** The keys that a request names, as it names them. */
export function keysOf(command: Command, args: readonly Buffer[]): Buffer[] {
  return keyPositionsOf(command, args).map(position => args[position] as Buffer)
}

/** Where they are among the arguments. */
function keyPositionsOf({ keys }: Command, args: readonly Buffer[]): number[] {
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

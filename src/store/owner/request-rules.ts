/** What the owner asks of a request before it runs it. */
import type { Command } from '../commands/command.ts'
import { CommandError } from '../commands/command-error.ts'
import { commandOf, commands } from '../commands/table.ts'
import { Members, Pairs, type Reply, Sequence } from '../resp/reply.ts'
import type { Request } from './client.ts'

// Half of what has come, if it is more than this: its senders go on while the other half is done. Measured with 32 calls of one
// process under way: 195,000 sets a second, and 146,000 when all are done at once.
const turnCommandsMin = 16
// A turn ends here at the latest, so that other connections, timers and beats get theirs.
const turnCommandsMax = 1000

const transactionName = Buffer.from('saola.transaction')
const syncedNames = new Set([...commands.values()].filter(each => each.flags.includes('synced')).map(each => each.name))
const syncedMin = Math.min(...[...syncedNames].map(name => name.length))
const syncedMax = Math.max(...[...syncedNames].map(name => name.length))

/** How many of those that wait are run in a turn; as many as possible when each commit waits for the disk. */
export function batchSize(waiting: number, isSynced: boolean): number {
  const wanted = isSynced ? turnCommandsMax : Math.max(turnCommandsMin, Math.ceil(waiting / 2))
  return Math.min(wanted, turnCommandsMax)
}

/** Whether it may need room. */
export function isGrowing({ flags }: Command, transaction: Request['transaction']): boolean {
  if (transaction) return transaction.calls.some(call => isGrowing(commandOf(call), undefined))
  return flags.includes('write') && !flags.includes('frees')
}

/** Whether it must be on the disk before it is answered. */
export function isSynced({ parts, transaction }: Request): boolean {
  if (transaction) return transaction.calls.some(isSyncedCall)
  const [name] = parts
  // Its calls are among its arguments: what only looks like one costs a sync, and nothing else.
  if (name?.length === transactionName.length && name.equals(transactionName)) return parts.some(isSyncedName)
  return isSyncedCall(parts)
}

function isSyncedCall([name]: readonly Buffer[]): boolean {
  return name !== undefined && isSyncedName(name)
}

function isSyncedName(name: Buffer): boolean {
  return name.length >= syncedMin && name.length <= syncedMax && syncedNames.has(name.toString('latin1').toLowerCase())
}

/** Whether it is let through when there is no room. */
export function isFreeing({ parts, transaction }: Request): boolean {
  try {
    const command = commandOf(parts)
    return transaction ? !isGrowing(command, transaction) : command.flags.includes('frees')
  } catch {
    return false
  }
}

/**
 * How many bytes it has.
 *
 * @throws {CommandError} STORE_VALUE_TOO_LARGE.
 */
export function bytesOf(parts: readonly Buffer[], valueBytesMax: number): number {
  let bytes = 0
  for (const part of parts) {
    bytes += part.length
    if (part.length > valueBytesMax) {
      const message = `a value of ${part.length} bytes is above ${valueBytesMax} (store.maxValueBytes)`
      throw new CommandError('STORE_VALUE_TOO_LARGE', message)
    }
  }
  return bytes
}

/** About how many bytes an answer occupies; what is short counts little. */
export function replyBytes(reply: Reply): number {
  if (Buffer.isBuffer(reply)) return reply.length
  if (reply instanceof Pairs || reply instanceof Members || reply instanceof Sequence) return replyBytes(reply.items)
  if (!Array.isArray(reply)) return 16
  let bytes = 16
  for (const item of reply as readonly Reply[]) bytes += replyBytes(item)
  return bytes
}

export function notShared({ name }: Command): CommandError {
  const message = `'${name}' is about a connection, and all of a process share one: connect with a client of Redis`
  return new CommandError('STORE_UNSUPPORTED', message)
}

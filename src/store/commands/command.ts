/**
 * What a command is. The table of all commands (table.ts) is the single source for dispatch, COMMAND, docs, and what can
 * be read locally.
 */
import type { Keyspace, KeyType } from '../database/keyspace.ts'
import type { TreeIdentity } from '../database/owner-note.ts'
import type { Client, QueuedTransaction, WatchedKeys } from '../owner/client.ts'
import type { Clients } from '../owner/clients.ts'
import type { Conflicts } from '../owner/conflicts.ts'
import type { Sessions } from '../owner/sessions.ts'
import type { Settings } from '../owner/settings.ts'
import type { Statistics } from '../owner/statistics.ts'
import type { Topics } from '../owner/topics.ts'
import type { Watches } from '../owner/watches.ts'
import type { Reply } from '../resp/reply.ts'
import { CommandError } from './command-error.ts'

export type Flag =
  /** May change data: runs in the owner, in a transaction. */
  | 'write'
  /** Changes nothing: any process can run it on its own view of the file. */
  | 'readonly'
  /** Reads with one statement, so that it needs no transaction to see one state. */
  | 'single'
  /** Is on the disk before it is answered, whatever the durability of the store is. */
  | 'synced'
  /** Frees space, so it is let through when there is none. */
  | 'frees'
  /** Speaks about the connection or the owner, not about data: runs in the owner only. */
  | 'owner'
  /** May have to wait. Sent again after a broken connection, it has the same effect as once, by what it names. */
  | 'waits'
  /**
   * Changes the connection itself: what is behind it waits until it is answered, and it runs once, also when the other requests of
   * its turn have to run again. Not over a connection that a whole process shares.
   */
  | 'connection'
  /** Allowed before the password was given. */
  | 'anyone'
  /** Not between MULTI and EXEC. */
  | 'alone'
  /** Reaches files that the caller names, or ends the owner: only over the owner's own socket. */
  | 'local'
  /** For operators: shown by COMMAND only. */
  | 'admin'

export interface Command {
  /** In lower case: `hset`, `saola.counter.increment`. */
  readonly name: string
  /** One line, for the docs. */
  readonly summary: string
  /** The arguments, for the docs: `key field value [field value …]`. */
  readonly usage: string
  /** How many arguments, the name not counted: exactly `n`, at least `-n`, or from and to. */
  readonly arity: number | readonly [from: number, to: number]
  readonly flags: readonly Flag[]
  /** Where the keys are among the arguments, counted from 0; undefined: it has none. A command gets their stored names. */
  readonly keys: KeyPositions | CountedKeys | undefined
  /** Those of a command that is several: CLIENT LIST. They get what is behind their word. */
  readonly subcommands?: readonly Command[]
  /** @throws {CommandError} */
  run(context: CommandContext, args: readonly Buffer[]): Reply
}

/** `last` below 0 counts from the end. */
export interface KeyPositions {
  readonly first: number
  readonly last: number
  readonly step: number
}

/** A number among the arguments says how many keys follow it. */
export interface CountedKeys {
  readonly countAt: number
  /** Where another key is: what is written to. */
  readonly target?: number
}

export const oneKey: KeyPositions = { first: 0, last: 0, step: 1 }
export const allKeys: KeyPositions = { first: 0, last: -1, step: 1 }

/** What a command works with. */
export interface CommandContext {
  readonly keyspace: Keyspace
  /** Milliseconds since 1970; the same for all commands of one turn. */
  readonly now: number
  /** The number of the database that the connection has chosen. */
  readonly database: number
  /** Runs a call inside another one. */
  run(command: Command, parts: readonly Buffer[]): Reply
  /** @throws {CommandError} when there is none, or the number of arguments is wrong. */
  commandOf(parts: readonly Buffer[]): Command
  /** Only in the owner; undefined for local reads. */
  readonly owner: OwnerContext | undefined
}

/** What a store takes at most. */
export interface StoreLimits {
  /** Of one argument of a command. */
  readonly valueBytesMax: number
  readonly keysMax: number
}

/** What the owner offers to its commands beside the data. */
export interface OwnerContext {
  /** The connection that asks. */
  readonly client: Client
  readonly limits: StoreLimits
  readonly topics: Topics
  readonly watches: Watches
  readonly sessions: Sessions
  readonly clients: Clients
  readonly settings: Settings
  readonly statistics: Statistics
  readonly conflicts: Conflicts
  /** Of EXEC: what it is to carry out. */
  readonly transaction: QueuedTransaction | undefined
  /** Of WATCH, UNWATCH, EXEC and DISCARD. */
  readonly watched: WatchedKeys | undefined
  /** Runs a call of EXEC; its error is its reply. */
  attempt(call: readonly Buffer[]): Reply
  /** What is to be done if the transaction is not committed: it runs again then. */
  onRollBack(undo: () => void): void
  /** Requests that wait for a change of a key. */
  readonly waiting: number
  /** Sent when the transaction is committed; returns how many will get it. */
  publish(channel: Buffer, message: Buffer): number
  /**
   * Not now: the request is run again when one of these keys has changed, in the order of those who wait for it, or is
   * answered with `onTimeout`; 0 waits for ever. After `wakeAfterMs` it is run again without a change. With a `type`, only a
   * change that leaves a key of this type counts. The command returns what this returns.
   */
  waitFor(
    keys: readonly Buffer[],
    timeoutMs: number,
    onTimeout: Reply,
    options?: { wakeAfterMs?: number | undefined; type?: KeyType },
  ): Reply
  /** Not inside a transaction of a connection: there a command that would wait answers as if its time were over. */
  readonly canWait: boolean
  /** The key whose change has woken the request that runs now, if it is run behind that change. */
  readonly wokenBy: Buffer | undefined
  /** Whether the request that runs now was run before, and had to wait. */
  readonly hasWaited: boolean
  /** Undefined for a store without a file. */
  readonly files: StoreFiles | undefined
  /** The request is answered when this is: with its error if it is rejected. The command returns what this returns. */
  answerWith(reply: Promise<Reply>): Reply
  /** Ends the wait of a request that this connection has named so; whether there was one. */
  cancelWait(name: Buffer): boolean
  isWaiting(client: Client): boolean
  /** Ends what a connection waits for, as if its time were over, or with this answer; whether it waited. */
  endWait(client: Client, answer?: Reply): boolean
  /** Whether others have waited longer than this request for a change of this key, or for it to become one of this type. */
  isBehindOthers(key: Buffer, type?: KeyType): boolean
}

/** What an owner can do with its files. */
export interface StoreFiles {
  /** Where the store is. */
  readonly dir: string
  readonly durability: string
  /** Bytes on the disk. */
  size(): number
  /** Takes a snapshot, verified, as the schedule does; one at a time. */
  snapshot(): Promise<void>
  isSnapshotUnderWay(): boolean
  /** Of those that were asked for, the last one. */
  hasSnapshotFailed(): boolean
  /** When the last one was taken, in milliseconds since 1970. */
  snapshotAt(): number | undefined
  /** Saves all of it in a file, beside the owner's work. */
  backup(file: string): Promise<void>
  /** Puts a backup in the place of all there is. */
  restore(file: string): Promise<void>
  /** What is wrong with the file, a line each; empty when it is sound. */
  check(): Promise<readonly string[]>
  /**
   * Closes the store, for the tree that takes it over.
   *
   * @throws {CommandError} STORE_OWNED when it is the store of another one.
   */
  handOver(to: TreeIdentity): void
}

/**
 * What the owner offers.
 *
 * @throws {CommandError} in any other process.
 */
export function ownerOf({ owner }: CommandContext): OwnerContext {
  if (!owner) throw new CommandError('ERR', 'only the owner of the store can do this')
  return owner
}

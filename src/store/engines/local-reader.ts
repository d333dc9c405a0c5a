/** Runs commands that change nothing on a view of the data in this process. */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { CommandContext } from '../commands/command.ts'
import { CommandError } from '../commands/command-error.ts'
import { commandNamed, commandOf, nameStoredKeys } from '../commands/table.ts'
import { Keyspace } from '../database/keyspace.ts'
import type { Reply } from '../resp/reply.ts'
import type { Argument, Call } from './engine.ts'
import { errorOf } from './reply-to-error.ts'

// What another process writes is seen after so long at the latest, also by code that runs on and on.
const snapshotMsMax = 1
const namesMax = 1000

export interface LocalReaderOptions {
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** The connection is used for nothing else, so that several reads in a row may share a view of the data. */
  readonly isOwnConnection: boolean
}

export class LocalReader {
  readonly #keyspace: Keyspace
  readonly #options: LocalReaderOptions
  readonly #context: CommandContext
  /** Names of structures come again and again. */
  readonly #names = new Map<string, Buffer>()
  readonly #snapshot: Snapshot | undefined

  constructor(database: DatabaseSync, options: LocalReaderOptions) {
    this.#keyspace = new Keyspace(database, { isOwner: false })
    this.#options = options
    this.#snapshot = options.isOwnConnection ? new Snapshot(database) : undefined
    const keyspace = this.#keyspace
    this.#context = {
      keyspace,
      get now() {
        return keyspace.now
      },
      database: 0,
      commandOf,
      run: (command, parts) => command.run(this.#context, nameStoredKeys(command, parts.slice(1), 0)),
      owner: undefined,
    }
  }

  /** @throws {StoreError} */
  read([name, ...args]: Call): Reply {
    this.#keyspace.now = this.#options.now()
    try {
      const command = commandNamed(name, args.length)
      this.#snapshot?.beforeRead(command.flags.includes('single'))
      const bytes = args.map((argument, i) => (i === 0 ? this.#nameOf(argument) : bytesOf(argument)))
      return command.run(this.#context, nameStoredKeys(command, bytes, 0))
    } catch (error) {
      throw error instanceof CommandError ? errorOf(error) : error
    }
  }

  /** Before the connection is closed. */
  close(): void {
    this.#snapshot?.end()
  }

  #nameOf(name: Argument): Buffer {
    if (typeof name !== 'string') return bytesOf(name)
    const known = this.#names.get(name)
    if (known) return known
    const bytes = Buffer.from(name)
    if (this.#names.size < namesMax) this.#names.set(name, bytes)
    return bytes
  }
}

/**
 * Lets reads that follow each other without a pause share one transaction, which is half of what a read costs: it begins
 * with the second of them, and ends before the event loop goes on, so that whatever another process tells comes after it.
 */
class Snapshot {
  readonly #begin: StatementSync
  readonly #commit: StatementSync
  #hasRead = false
  #beganAt: number | undefined

  constructor(database: DatabaseSync) {
    this.#begin = database.prepare('BEGIN')
    this.#commit = database.prepare('COMMIT')
  }

  /** A command of one statement sees one state by itself. */
  beforeRead(isSingle: boolean): void {
    if (!this.#hasRead) {
      this.#hasRead = true
      // After all that is awaited and there already, and before anything comes from outside.
      process.nextTick(this.end)
      if (isSingle) return
    }
    const now = performance.now()
    if (this.#beganAt !== undefined && now - this.#beganAt < snapshotMsMax) return
    if (this.#beganAt !== undefined) this.#commit.run()
    this.#begin.run()
    this.#beganAt = now
  }

  readonly end = (): void => {
    this.#hasRead = false
    if (this.#beganAt === undefined) return
    this.#beganAt = undefined
    this.#commit.run()
  }
}

export function bytesOf(argument: Argument): Buffer {
  if (typeof argument === 'string') return Buffer.from(argument)
  if (typeof argument === 'number') return Buffer.from(String(argument), 'latin1')
  return Buffer.from(argument.buffer, argument.byteOffset, argument.byteLength)
}

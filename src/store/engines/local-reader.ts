/** Runs commands that change nothing on a view of the data in this process. */
import type { DatabaseSync } from 'node:sqlite'
import type { CommandContext } from '../commands/command.ts'
import { CommandError } from '../commands/command-error.ts'
import { commandOf } from '../commands/table.ts'
import { Keyspace } from '../database/keyspace.ts'
import type { Reply } from '../resp/reply.ts'
import type { Argument, Call } from './engine.ts'
import { errorOf } from './reply-to-error.ts'

export class LocalReader {
  readonly #keyspace: Keyspace
  readonly #now: () => number
  readonly #context: CommandContext

  constructor(database: DatabaseSync, now: () => number) {
    this.#keyspace = new Keyspace(database, { isOwner: false })
    this.#now = now
    const keyspace = this.#keyspace
    this.#context = {
      keyspace,
      get now() {
        return keyspace.now
      },
      commandOf,
      owner: undefined,
    }
  }

  /** @throws {StoreError} */
  read([name, ...args]: Call): Reply {
    this.#keyspace.now = this.#now()
    try {
      const parts = [Buffer.from(name), ...args.map(bytesOf)]
      return commandOf(parts).run(this.#context, parts.slice(1))
    } catch (error) {
      throw error instanceof CommandError ? errorOf(error) : error
    }
  }
}

export function bytesOf(argument: Argument): Buffer {
  if (typeof argument === 'string') return Buffer.from(argument)
  if (typeof argument === 'number') return Buffer.from(String(argument), 'latin1')
  return Buffer.from(argument.buffer, argument.byteOffset, argument.byteLength)
}

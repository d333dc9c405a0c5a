import { dirname } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { CommandError } from '../commands/command-error.ts'
import { freeBytes } from '../database/folder.ts'

// SQLite's result codes: https://www.sqlite.org/rescode.html
const full = 13
const ioError = 10
const corrupt = 11
const notADatabase = 26
const tooBig = 18
const fullBelowBytes = 256 * 1024

/** What a failure of SQLite means for whoever asked, and whether it is about room. */
export function describeFailure(error: unknown, database: DatabaseSync): { error: CommandError; isSpace: boolean } {
  const code = ((error as { errcode?: number }).errcode ?? 0) & 0xff
  if (code === full || code === ioError) return { error: spaceError(database, code, error as Error), isSpace: true }
  if (code === corrupt || code === notADatabase) {
    return {
      error: new CommandError('STORE_CORRUPT', `the file is damaged: ${(error as Error).message}`),
      isSpace: false,
    }
  }
  if (code === tooBig)
    return { error: new CommandError('STORE_VALUE_TOO_LARGE', 'a value is above 1 GB'), isSpace: false }
  return { error: new CommandError('ERR', `internal error: ${(error as Error).message}`), isSpace: false }
}

/** The size limit is reached when the disk has room. An error of input and output on such a disk is one of the disk. */
function spaceError(database: DatabaseSync, code: number, cause: Error): CommandError {
  const file = database.location()
  const hasRoom = file === null || freeBytes(dirname(file)) > fullBelowBytes
  if (!hasRoom) return new CommandError('STORE_DISK_FULL', `the disk takes nothing more: ${cause.message}`)
  if (code === ioError) return new CommandError('STORE_UNAVAILABLE', `the disk has failed: ${cause.message}`)
  return new CommandError('STORE_FULL', 'the store has reached its largest size (store.maxSize)')
}

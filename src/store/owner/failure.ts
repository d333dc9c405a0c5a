import { dirname } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { CommandError } from '../commands/command-error.ts'
import { hasRoom } from '../database/folder.ts'
import { isDamage, isFull, isIoError, isTooBig } from '../database/sqlite-failure.ts'
import { pagesMax, pragma } from '../database/tables.ts'

/** What a failure of SQLite means for whoever asked, and whether it is about room. */
export function describeFailure(error: unknown, database: DatabaseSync): { error: CommandError; isSpace: boolean } {
  if (isFull(error) || isIoError(error)) return { error: spaceError(database, error as Error), isSpace: true }
  if (isDamage(error)) {
    return {
      error: new CommandError('STORE_CORRUPT', `the file is damaged: ${(error as Error).message}`),
      isSpace: false,
    }
  }
  if (isTooBig(error))
    return { error: new CommandError('STORE_VALUE_TOO_LARGE', 'a value is above 1 GB'), isSpace: false }
  return { error: new CommandError('ERR', `internal error: ${(error as Error).message}`), isSpace: false }
}

/** The size limit is reached when the disk has room. An error of input and output on such a disk is one of the disk. */
function spaceError(database: DatabaseSync, cause: Error): CommandError {
  const file = database.location()
  const isUnlimited = pragma(database, 'max_page_count') >= pagesMax
  if (file !== null && (!hasRoom(dirname(file)) || (isUnlimited && isFull(cause))))
    return new CommandError('STORE_DISK_FULL', `the disk takes nothing more: ${cause.message}`)
  if (isIoError(cause)) return new CommandError('STORE_UNAVAILABLE', `the disk has failed: ${cause.message}`)
  return new CommandError('STORE_FULL', 'the store has reached its largest size (store.maxSize)')
}

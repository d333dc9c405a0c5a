import type { DatabaseSync } from 'node:sqlite'
import { CommandError } from '../commands/command-error.ts'

// SQLite's result codes: https://www.sqlite.org/rescode.html
const full = 13
const ioError = 10
const corrupt = 11
const notADatabase = 26
const tooBig = 18

/** What a failure of SQLite means for whoever asked, and whether it is about room. */
export function describeFailure(error: unknown, database: DatabaseSync): { error: CommandError; isSpace: boolean } {
  const code = ((error as { errcode?: number }).errcode ?? 0) & 0xff
  if (code === full || code === ioError) return { error: spaceError(database, error as Error), isSpace: true }
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

function spaceError(database: DatabaseSync, cause: Error): CommandError {
  const pages = pragma(database, 'page_count')
  if (pages >= pragma(database, 'max_page_count')) {
    const bytes = pages * pragma(database, 'page_size')
    return new CommandError('STORE_FULL', `the store has reached its ${bytes} bytes (store.maxSize)`)
  }
  return new CommandError('STORE_DISK_FULL', `the disk takes nothing more: ${cause.message}`)
}

function pragma(database: DatabaseSync, name: string): number {
  return Number(Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0])
}

import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { StoreError } from '../store-error.ts'
import { lockName, unusable } from './folder.ts'
import { describeOwner, readOwnerNote } from './owner-note.ts'
import { isBusy } from './sqlite-failure.ts'

export interface OwnerLock {
  release(): void
}

/**
 * Makes this process the one that owns the folder. The system takes the lock back when the process ends, however it ends.
 *
 * It is a lock of SQLite on an empty file of its own: Node has no other. Nothing else may open this file in this process.
 *
 * @throws {StoreError} STORE_UNAVAILABLE when another process has it; STORE_DIRECTORY_UNUSABLE.
 */
export function acquireOwnerLock(dir: string): OwnerLock {
  const file = join(dir, lockName)
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(file, { timeout: 0 })
    // It never writes; a journal on the disk would need room that may not be there.
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
    chmodSync(file, 0o600)
  } catch (error) {
    database?.close()
    if (!isBusy(error)) throw unusable(dir, error)
    const note = readOwnerNote(dir)
    const owner = note ? describeOwner(note) : `another process ("fuser ${file}" names it)`
    const message = `The store in ${dir} is owned by ${owner}. Stop that one, or choose another folder.`
    throw new StoreError('STORE_UNAVAILABLE', message, { cause: error })
  }
  const held = database
  return { release: () => held.close() }
}

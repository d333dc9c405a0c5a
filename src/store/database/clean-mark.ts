/** A note that the last owner has closed the file properly, so that the next one need not look through all of it. */
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { databaseOf, syncFile, syncFolder } from './folder.ts'

const markName = 'clean'

/**
 * What the mark said about the file, and removes it: from now on the file is in use.
 * `changed` means that somebody has touched the file since.
 */
export function takeCleanMark(dir: string): 'clean' | 'changed' | 'absent' {
  const path = join(dir, markName)
  let mark: string
  try {
    mark = readFileSync(path, 'utf8')
  } catch {
    return 'absent'
  }
  const isSame = mark === describe(dir)
  rmSync(path)
  // Or it would be there again after a power cut, with a file that was in use.
  syncFolder(dir)
  return isSame ? 'clean' : 'changed'
}

/** To be called when the file is closed and on the disk. */
export function leaveCleanMark(dir: string): void {
  const path = join(dir, markName)
  writeFileSync(path, describe(dir), { mode: 0o600 })
  syncFile(path)
  syncFolder(dir)
}

function describe(dir: string): string {
  const file = statSync(databaseOf(dir), { bigint: true, throwIfNoEntry: false })
  return `${JSON.stringify({ size: String(file?.size), modified: String(file?.mtimeNs) })}\n`
}

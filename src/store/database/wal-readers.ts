import { readFileSync, statSync } from 'node:fs'
import { databaseOf } from './folder.ts'

export interface WalReader {
  readonly pid: number
  /** It was stopped by a signal or a debugger. */
  readonly isStopped: boolean
}

// Where SQLite has the locks of those who read: https://www.sqlite.org/walformat.html#wal_locks
const lockBytes = { first: 123, last: 127 }

/**
 * The other processes that are in the midst of a read now, and so keep the WAL from beginning anew; undefined where the system
 * does not say. Linux only.
 *
 * By what the kernel says and never by a look into the file: to close it would drop this process's own locks.
 */
export function findWalReaders(dir: string): WalReader[] | undefined {
  try {
    const { ino } = statSync(`${databaseOf(dir)}-shm`)
    const pids = readFileSync('/proc/locks', 'latin1')
      .split('\n')
      .map(line => line.trim().split(/\s+/))
      .filter(fields => fields[5]?.endsWith(`:${ino}`) && isOnReaders(Number(fields[6]), Number(fields[7])))
      .map(fields => Number(fields[4]))
    return [...new Set(pids)].filter(pid => pid !== process.pid).map(pid => ({ pid, isStopped: isStopped(pid) }))
  } catch {
    return undefined
  }
}

function isOnReaders(from: number, to: number): boolean {
  return from <= lockBytes.last && to >= lockBytes.first
}

function isStopped(pid: number): boolean {
  try {
    return /^[Tt]/.test(readFileSync(`/proc/${pid}/stat`, 'latin1').replace(/^.*\) /s, ''))
  } catch {
    return false
  }
}

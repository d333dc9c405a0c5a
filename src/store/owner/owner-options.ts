import type { DatabaseSync } from 'node:sqlite'
import type { StoreFiles, StoreLimits } from '../commands/command.ts'
import type { CommitSync } from '../database/commit-sync.ts'
import type { DiskRoom } from '../database/full-disk.ts'

export interface OwnerOptions {
  readonly database: DatabaseSync
  readonly limits: StoreLimits
  /** Milliseconds since 1970; Date.now by default. */
  readonly now?: () => number
  /** Milliseconds of a clock that nobody sets; `now` if that is given, else performance.now. */
  readonly monotonic?: () => number
  /** Something that an operator should know: corrupt pages, a full disk. */
  readonly onProblem?: (error: Error) => void
  /** A commit waits for the disk, so that as many as possible should share one; not by default. */
  readonly isSynced?: boolean
  /** Lets commits of some groups wait for the disk; none without a file. */
  readonly commitSync?: CommitSync
  readonly files?: StoreFiles | undefined
  /** Of the disk; none without a file. */
  readonly room?: DiskRoom
}

import type { LogFields, LogLevel } from '../../base/log.ts'
import type { EventStreams } from './event-stream.ts'
import type { StorePort, TasksPort } from './ports.ts'
import type { Slots } from './slots.ts'
import type { TreeFeed } from './tree-feed.ts'

/** What the routes work with. */
export interface DashboardContext {
  readonly tree: string
  readonly version: string
  readonly controlSocket: string
  readonly isReadOnly: boolean
  readonly store: StorePort
  /** Undefined in a tree that runs no tasks. */
  readonly tasks: TasksPort | undefined
  /** For answers that go on: `streams.open(request)`. */
  readonly streams: EventStreams
  readonly feed: TreeFeed
  /** What the tree is asked to do: each is a connection to the supervisor, of which that has 64 for all who ask. */
  readonly operations: Slots
  /** Readers of logs: each is such a connection, too. */
  readonly logReaders: Slots
  /** Writes into the log of the tree. */
  log(level: LogLevel, event: string, fields: LogFields): void
}

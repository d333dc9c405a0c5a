import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { Store } from '../store/store.ts'
import type { EdgeCounts } from './edge-counts.ts'
import type { CredentialSource } from './tls/credentials.ts'

/** What the steps are given by the process that they run in. */
export interface EdgeServices {
  /** The worker's name: `web:0`. */
  readonly worker: string
  /** The application's name: `web`. */
  readonly app: string
  /** How many workers share the machine's limits, at most. */
  readonly workers: number
  readonly clock: Clock
  /** The tree's log: `edge.upstream.down url=http://127.0.0.1:9001`. The worker's name is added to each event. */
  readonly log: Log
  /** What it speaks TLS with; undefined without TLS. */
  readonly credentials?: CredentialSource | undefined
  /** The port where it speaks TLS, if that is known. */
  readonly httpsPort?: number | undefined
  /** Where the application is asked whether it is ready; undefined when nobody asks. */
  readonly readyPath?: string | undefined
  /** Undefined when nobody looks at what it counts. */
  readonly counts?: EdgeCounts | undefined
  /** The shared store of the tree, opened on the first call. Rejects when there is none. */
  openStore(): Promise<Store>
}

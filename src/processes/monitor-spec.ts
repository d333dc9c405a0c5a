/** What monitor:0 is told to be, in its environment. */
export const monitorVariable = 'SAOLA_MONITOR'

export interface MonitorSpec {
  readonly tree: string
  readonly version: string
  /** Where it asks what it shows. */
  readonly controlSocket: string
  /** How it comes to the store, as the workers do: JSON. */
  readonly store: string
  readonly hasTasks: boolean
  /** Signs the sessions of the dashboard: it stays while the tree runs, so that nobody is signed out by a restart of this process. */
  readonly secret: string
  readonly dashboard: DashboardSpec | undefined
  readonly metrics: MetricsSpec | undefined
}

export interface DashboardSpec {
  /** Descriptors that it listens on. */
  readonly fds: readonly number[]
  /** The addresses of those, as they are written. */
  readonly listen: readonly string[]
  readonly isReadOnly: boolean
  /** Names under which it may be asked for, beside those that it knows. */
  readonly hosts: readonly string[]
  /** Hashes of their passwords, by name. */
  readonly users: Readonly<Record<string, string>>
  readonly sessionMs: number
  /** Paths. */
  readonly tls: { readonly cert: string; readonly key: string } | undefined
  /** Sessions that have been ended. */
  readonly signedOut: readonly string[]
}

export interface MetricsSpec {
  readonly fds: readonly number[]
  /** Networks that may ask for figures; undefined: everybody. */
  readonly allow: readonly string[] | undefined
  readonly minReady: number | string
}

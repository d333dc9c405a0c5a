/** All that the supervisor is to run, made of a configuration. */
import type { LoadedConfig } from '../config/config.ts'
import { definePrograms } from '../programs/define-program.ts'
import type { TreeDefinitions } from '../supervisor/definitions.ts'
import type { Keepers } from './certificates.ts'
import type { DashboardLinks } from './dashboard-links.ts'
import { defineApps } from './define-app.ts'
import { defineMonitors } from './define-monitor.ts'
import { defineStores } from './define-store.ts'
import { defineTasks } from './define-tasks.ts'
import { inheritedEnvironment } from './worker-launch.ts'

export interface TreeSource {
  /** Counts the configurations that were loaded, from 1. */
  readonly revision: number
  readonly keepers: Keepers
  /** Of Saola. */
  readonly version: string
  /** Signs the sessions of the dashboard. */
  readonly secret: string
  readonly links: DashboardLinks
}

/**
 * @throws {ServerError} ERR_USER_UNKNOWN when a user or group does not exist.
 */
export function defineTree(loaded: LoadedConfig, source: TreeSource): TreeDefinitions {
  const { config } = loaded
  const { revision, keepers } = source
  return {
    apps: defineApps(config, revision, keepers),
    services: [...defineStores(loaded), ...defineTasks(config, revision), ...defineMonitors(config, source)],
    programs: definePrograms(config.programs, { revision, environment: inheritedEnvironment(config) }),
  }
}

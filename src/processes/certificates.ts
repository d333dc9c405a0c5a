/** What the applications of a tree speak TLS with. Without TLS nothing of it is loaded. */
import { join } from 'node:path'
import { systemClock } from '../base/clock.ts'
import { ServerError } from '../base/errors.ts'
import { createLog, type Log } from '../base/log.ts'
import type { Config } from '../config/config.ts'
import type { CertificateKeeper } from '../edge/tls/certificate-keeper.ts'
import type { TlsSettings } from '../edge/tls/options.ts'

/** By the application's name. */
export type Keepers = ReadonlyMap<string, CertificateKeeper>

/**
 * Reads all certificates of a configuration. Nothing is watched yet.
 *
 * @throws {ServerError} ERR_CONFIG_INVALID with every file that cannot be used.
 */
export async function openKeepers(config: Config, log: Log, previous: Keepers = new Map()): Promise<Keepers> {
  const keepers = new Map<string, CertificateKeeper>()
  const problems: string[] = []
  for (const { name: app, tls } of Object.values(config.apps)) {
    if (!tls) continue
    const { CertificateKeeper } = await import('../edge/tls/certificate-keeper.ts')
    const selfSignedFile = join(config.stateDir, 'self-signed.pem')
    const settings = tls as TlsSettings
    const options = { app, tls: settings, selfSignedFile, clock: systemClock, log, previous: previous.get(app) }
    try {
      keepers.set(app, await CertificateKeeper.open(options))
    } catch (error) {
      if (!(error instanceof ServerError)) throw error
      problems.push(...error.problems)
    }
  }
  if (problems.length === 0) return keepers
  const what = problems.length === 1 ? 'a problem' : `${problems.length} problems`
  throw new ServerError('ERR_CONFIG_INVALID', `The configuration has ${what}.`, { problems })
}

/**
 * For whoever only looks: nothing is made.
 *
 * @throws {ServerError} ERR_CONFIG_INVALID with every file that cannot be used.
 */
export async function refuseCertificates(config: Config): Promise<void> {
  const fromFiles = Object.entries(config.apps).filter(([, { tls }]) => tls && !tls.selfSigned)
  await openKeepers({ ...config, apps: Object.fromEntries(fromFiles) }, createLog({ write: () => {} }))
}

/** Looks after the files from now on; `renew` is called with the application whose workers need what has changed. */
export function watchKeepers(keepers: Keepers, renew: (app: string) => void): void {
  for (const [app, keeper] of keepers) keeper.watch(() => renew(app))
}

export function closeKeepers(keepers: Keepers): void {
  for (const keeper of keepers.values()) keeper.close()
}

import { readFileSync } from 'node:fs'
import { messageOf, ServerError } from '../base/errors.ts'
import type { Config } from '../config/config.ts'

/**
 * The certificate and the key of the dashboard: without them it would never come up, and nobody learned why.
 *
 * @throws {ServerError} ERR_CONFIG_INVALID when one cannot be read, or they do not belong together.
 */
export function refuseDashboardFiles({ dashboard: { listen, tls } }: Config): void {
  if (listen === undefined || tls === undefined) return
  try {
    const [cert, key] = [tls.cert, tls.key].map(path => readFileSync(path, 'utf8'))
    // Loaded only here: most configurations have no certificate.
    process.getBuiltinModule('node:tls').createSecureContext({ cert, key })
  } catch (cause) {
    const problem = `dashboard.tls cannot be used: ${messageOf(cause)}`
    throw new ServerError('ERR_CONFIG_INVALID', 'The configuration has a problem.', { cause, problems: [problem] })
  }
}

/** What the control socket is asked about signing in to the dashboard. */
import { localAuthority } from '../base/address.ts'
import { ServerError } from '../base/errors.ts'
import type { Config } from '../config/config.ts'
import type { DashboardLinkAnswer } from '../control/operations.ts'
import type { Supervisor } from '../supervisor/supervisor.ts'
import type { DashboardLinks } from './dashboard-links.ts'
import { monitorGroup } from './define-monitor.ts'

export interface DashboardParts {
  readonly supervisor: Supervisor
  readonly links: DashboardLinks
}

/**
 * A new address to sign in with.
 *
 * @throws {ServerError} ERR_DASHBOARD_OFF when the configuration has no `dashboard.listen`.
 */
export function makeDashboardLink({ dashboard }: Config, { supervisor, links }: DashboardParts): DashboardLinkAnswer {
  if (dashboard.listen === undefined) {
    const advice = 'Set dashboard.listen, "127.0.0.1:8001" for example, and reload'
    throw new ServerError('ERR_DASHBOARD_OFF', `This tree has no dashboard. ${advice}.`)
  }
  const listen = supervisor.labelsOf(monitorGroup).slice(0, dashboard.listen.length)
  const { token, expiresAt } = links.make()
  // In the fragment, which a browser sends to nobody: so it is in no log of a proxy and in no Referer.
  const url = `${baseOf(listen, dashboard.tls === undefined ? 'http' : 'https')}/#token=${token}`
  return { url, listen, expiresAt: expiresAt.toISOString() }
}

/** Of the first port; a socket that is none has to be brought to one by whoever wants to look. */
function baseOf(listen: readonly string[], scheme: 'http' | 'https'): string {
  const authority = listen.map(localAuthority).find(found => found !== undefined)
  return `${scheme}://${authority ?? 'localhost'}`
}

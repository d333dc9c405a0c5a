/** The addresses that speak no TLS, and only send there. */
import type { Socket } from 'node:net'
import { createRouteCount, markRoute } from '../edge-counts.ts'
import type { EdgeRequest, Step } from '../edge-request.ts'
import type { EdgeSettings } from '../options.ts'
import { answerShortly, refuse } from '../refusals/refuse.ts'
import type { EdgeServices } from '../services.ts'
import type { Credentials } from './credentials.ts'
import { createNameTable, type NameTable } from './name-table.ts'

type MarkedSocket = Socket & { saolaRedirects?: true }

/** Whatever is asked on this connection is sent to TLS. */
export function markAsRedirect(socket: Socket): void {
  ;(socket as MarkedSocket).saolaRedirects = true
}

/**
 * Answers with 308 (RFC 9110, 15.4.9), which keeps method and body, and goes to the canonical host and path. A host that no
 * certificate is for gets 421: nobody is sent where a warning waits, and no cache learns an address that a client made up.
 */
export async function createRedirectToHttps(settings: EdgeSettings, services: EdgeServices): Promise<Step | undefined> {
  const { tls } = settings
  const { credentials, httpsPort } = services
  if (!tls || tls.redirect.length === 0 || !credentials) return undefined
  let names = namesOf(credentials.current)
  credentials.onChange(next => {
    names = namesOf(next)
  })
  const port = tls.redirectPort ?? httpsPort ?? 443
  const route = createRouteCount('redirect', 'tls.redirect')
  return {
    name: 'redirect to https',
    figures: () => ({ routes: [route] }),
    run(request) {
      if (!(request.req.socket as MarkedSocket).saolaRedirects) return 'next'
      markRoute(request.res, route)
      answer(request, names, port)
      return 'done'
    },
  }
}

const hostForm = /^(\[[0-9a-f:.]+\]|[a-z0-9_](?:[a-z0-9._-]{0,251}[a-z0-9_.])?)(?::\d{1,5})?$/

function answer({ res, host, encodedPath, search }: EdgeRequest, names: NameTable<true>, port: number): void {
  const name = hostForm.exec(host)?.[1]
  // The next request of this client goes elsewhere.
  res.shouldKeepAlive = false
  if (name === undefined) return refuse(res, 400, 'bad-request')
  if (!names.find(name)) return refuse(res, 421, 'host')
  const origin = `https://${name}${port === 443 ? '' : `:${port}`}`
  answerShortly(res, 308, { Location: origin + encodedPath.replace(/^\/+/, '/') + search })
}

function namesOf({ identities }: Credentials): NameTable<true> {
  return createNameTable(identities.flatMap(({ names }) => names.map(name => [name, true] as const)))
}

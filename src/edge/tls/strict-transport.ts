import type { Step } from '../edge-request.ts'
import type { EdgeSettings } from '../options.ts'
import { addResponseHook, type ResponseHook } from '../response-hooks.ts'

const header = 'Strict-Transport-Security'

/**
 * Tells browsers to come with TLS only (RFC 6797): in every answer over TLS, and in none without (7.2). What the application
 * says itself counts.
 */
export async function createStrictTransport({ tls }: EdgeSettings): Promise<Step | undefined> {
  if (!tls || tls.hsts === false) return undefined
  const { maxAge, includeSubDomains, preload } = tls.hsts
  const value = [
    `max-age=${Math.floor(maxAge / 1_000)}`,
    ...(includeSubDomains ? ['includeSubDomains'] : []),
    ...(preload ? ['preload'] : []),
  ].join('; ')
  const hook: ResponseHook = {
    onHead(res) {
      if (!res.hasHeader(header)) res.setHeader(header, value)
      return undefined
    },
  }
  return {
    name: 'strict transport',
    run({ scheme, res }) {
      if (scheme === 'https') addResponseHook(res, hook)
      return 'next'
    },
  }
}

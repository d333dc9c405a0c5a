import { isIP } from 'node:net'
import { ServerError } from '../../base/errors.ts'

/** Where an upstream is: always as the configuration says, never as a request does. */
export interface UpstreamAddress {
  /** As it was configured: `http://127.0.0.1:9001`, `unix:/run/app.sock`. */
  readonly url: string
  readonly isTls: boolean
  /** A name or an address, without brackets; `localhost` for a Unix socket. */
  readonly hostname: string
  readonly port: number
  /** Set for a Unix socket, whose name and port mean nothing. */
  readonly socketPath: string | undefined
  /** For `Host`: without the port if that is the scheme's own. */
  readonly host: string
}

/**
 * Reads `http://HOST[:PORT]`, `https://HOST[:PORT]` or `unix:/PATH`.
 *
 * @throws {ServerError} ERR_CONFIG_INVALID for anything else: a path, a query or a password in it would be ignored.
 */
export function parseUpstreamUrl(url: string): UpstreamAddress {
  if (url.startsWith('unix:')) return unixSocket(url)
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  const isBare = parsed?.pathname === '/' && parsed.search === '' && parsed.hash === '' && !/[?#]/.test(url)
  if (!parsed || !isBare || !/^https?:$/.test(parsed.protocol) || parsed.username !== '' || parsed.password !== '') {
    throw wrong(url, 'http://HOST:PORT, https://HOST:PORT or unix:/PATH, without a path and a password')
  }
  const isTls = parsed.protocol === 'https:'
  return {
    url,
    isTls,
    hostname: parsed.hostname.replace(/^\[|\]$/g, ''),
    port: parsed.port === '' ? (isTls ? 443 : 80) : Number(parsed.port),
    socketPath: undefined,
    host: parsed.host,
  }
}

/** The name that a certificate is asked for and checked against; addresses are not sent (RFC 6066, 3). */
export function serverNameOf({ hostname }: UpstreamAddress): string | undefined {
  return isIP(hostname) === 0 ? hostname : undefined
}

function unixSocket(url: string): UpstreamAddress {
  const socketPath = url.slice('unix:'.length)
  if (!socketPath.startsWith('/') || socketPath.includes('\0')) throw wrong(url, 'unix:/PATH')
  return { url, isTls: false, hostname: 'localhost', port: 80, socketPath, host: 'localhost' }
}

function wrong(url: string, expected: string): ServerError {
  const withoutPassword = url.replace(/\/\/.*@/s, '//…@')
  return new ServerError('ERR_CONFIG_INVALID', `expected ${expected}, got ${JSON.stringify(withoutPassword)}`)
}

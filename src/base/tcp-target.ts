import { parseAddress } from './address.ts'
import { ServerError } from './errors.ts'

/** Where somebody else listens on TCP. */
export interface TcpTarget {
  /** Undefined: on this machine, by IPv4 or IPv6. */
  readonly host: string | undefined
  readonly port: number
}

/**
 * Reads `HOST:PORT`, `[::1]:PORT`, or a port of this machine.
 *
 * @throws {ServerError} ERR_CONFIG_INVALID when it is none of them.
 */
export function parseTcpTarget(value: string | number): TcpTarget {
  const text = String(value)
  const address = addressIn(text)
  if (address?.kind !== 'tcp' || address.port === 0) {
    throw new ServerError(
      'ERR_CONFIG_INVALID',
      `expected HOST:PORT or a port from 1 to 65535, got ${JSON.stringify(value)}`,
    )
  }
  return { host: address.host === '' ? undefined : address.host, port: address.port }
}

function addressIn(text: string) {
  try {
    return parseAddress(text)
  } catch {
    // Its message names forms that are none of a target.
    return undefined
  }
}

export function formatTcpTarget({ host = '127.0.0.1', port }: TcpTarget): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}

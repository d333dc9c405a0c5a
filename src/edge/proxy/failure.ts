import { codeOf, messageOf } from '../../base/errors.ts'

/** Why an upstream has not answered. */
export interface Failure {
  /** `error`: no connection, a broken one, or no HTTP. `busy`: no connection was free. `request`: it cannot be sent, or its body not be read. */
  readonly kind: 'error' | 'timeout' | 'busy' | 'request'
  /** What the client is told. */
  readonly status: 400 | 500 | 502 | 503 | 504
  /** For the log. */
  readonly reason: string
  /** A kept connection that the upstream closed while the request was on its way: no fault of anybody. */
  readonly isReuse: boolean
}

export const waitedTooLong: Failure = { kind: 'busy', status: 503, reason: 'no connection is free', isReuse: false }

const timeoutReasons: Readonly<Record<string, string>> = {
  UND_ERR_CONNECT_TIMEOUT: 'connect timeout',
  UND_ERR_HEADERS_TIMEOUT: 'first byte timeout',
  UND_ERR_BODY_TIMEOUT: 'idle timeout',
  ETIMEDOUT: 'connect timeout',
}
const unsendable = new Set(['UND_ERR_INVALID_ARG', 'UND_ERR_NOT_SUPPORTED', 'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH'])
const brokenConnection = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'])

/** Reads an error of undici. `wasAnswered`: whether its connection has carried answers before. */
export function readFailure(error: Error, wasAnswered: (error: Error) => boolean): Failure {
  const code = codeOf(error) ?? ''
  const timeout = timeoutReasons[code]
  if (timeout !== undefined) return { kind: 'timeout', status: 504, reason: timeout, isReuse: false }
  if (unsendable.has(code)) return { kind: 'request', status: 400, reason: messageOf(error), isReuse: false }
  // Our own disk, or the client: no fault of the upstream.
  if (code === 'ERR_BODY_NOT_TAKEN') return { kind: 'request', status: 500, reason: messageOf(error), isReuse: false }
  const isReuse = brokenConnection.has(code) && wasAnswered(error)
  return { kind: 'error', status: 502, reason: code.startsWith('E') ? code : messageOf(error), isReuse }
}

import { codeOf, messageOf } from '../base/errors.ts'
import { formatDuration } from '../base/units.ts'

/** Why nobody could be reached, in words. */
export function connectReason(error: unknown): string {
  const code = codeOf(error) ?? ''
  return reasons.get(code) ?? (code === '' ? messageOf(error) : code)
}

const reasons: ReadonlyMap<string, string> = new Map([
  ['EACCES', 'permission denied'],
  ['EAI_AGAIN', 'the host name cannot be looked up'],
  ['ECONNREFUSED', 'connection refused'],
  ['ECONNRESET', 'connection closed'],
  ['EHOSTUNREACH', 'host unreachable'],
  ['ENETUNREACH', 'network unreachable'],
  ['ENOTFOUND', 'unknown host'],
  ['EPIPE', 'connection closed'],
  ['ETIMEDOUT', 'no answer'],
])

export function lateReason(timeoutMs: number): string {
  return `no answer within ${formatDuration(Math.round(timeoutMs))}`
}

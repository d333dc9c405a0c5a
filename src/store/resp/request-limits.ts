/** What the requests of a connection may be at most, beside what is set. */
import type { RequestLimits } from './request-parser.ts'

const argumentsMax = 1024 * 1024
const inlineBytesMax = 64 * 1024

/** Of a request, once the password was given. */
export function knownLimits(argumentBytesMax: number): RequestLimits {
  return { argumentBytesMax, argumentsMax, inlineBytesMax }
}

/** What somebody may send before the password: as much as Redis allows. */
export const strangerLimits = {
  argumentBytesMax: 16 * 1024,
  argumentsMax: 10,
  inlineBytesMax: 16 * 1024,
  isStranger: true,
}
export const strangerPendingMax = 64 * 1024
export const strangerBytesMax = 1024 * 1024

// Above it no more requests are read from a connection until it has read answers.
export const pauseAboveBytes = 1024 * 1024
// So many of one connection may be under way: those of others are not behind all that it has sent.
export const underWayMax = 1024

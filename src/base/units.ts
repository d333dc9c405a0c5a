import { ServerError } from './errors.ts'

/** Timers of Node fire at once when they are asked for more than this, about 24.8 days. */
export const durationMsMax = 2_147_483_647

const msPerUnit = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const durationUnits = ['d', 'h', 'm', 's', 'ms'] as const

/** Memory is counted in powers of two, so `1kb`, `1KB` and `1KiB` are all 1024 bytes. */
const bytesPerUnit = { b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 } as const
const sizeUnits = [
  ['TB', bytesPerUnit.t],
  ['GB', bytesPerUnit.g],
  ['MB', bytesPerUnit.m],
  ['KB', bytesPerUnit.k],
] as const

export const expectedDuration = 'a duration such as "30s" or "500ms"'
export const expectedSize = 'a size such as "1mb"'

/**
 * Reads a duration and gives milliseconds, rounded to whole ones. A number, also one in a string, counts seconds;
 * the units are `ms`, `s`, `m`, `h` and `d`.
 *
 * ```ts
 * parseDuration('500ms')  // 500
 * parseDuration(30)       // 30_000
 * ```
 *
 * @throws {ServerError} ERR_CONFIG_INVALID when it is no duration, or one above 24 days.
 */
export function parseDuration(value: string | number): number {
  return parseDurationUpTo(durationMsMax, value)
}

/** As `parseDuration`, for what no timer waits for. */
export function parseDurationUpTo(msMax: number, value: string | number): number {
  const found = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(String(value).trim())
  if (!found) throw new ServerError('ERR_CONFIG_INVALID', `expected ${expectedDuration}, got ${quote(value)}`)
  const unit = (found[2] ?? 's') as keyof typeof msPerUnit
  const ms = Math.round(Number(found[1]) * msPerUnit[unit])
  if (ms > msMax) {
    const daysMax = Math.floor(msMax / msPerUnit.d)
    throw new ServerError('ERR_CONFIG_INVALID', `expected a duration of at most "${daysMax}d", got ${quote(value)}`)
  }
  return ms
}

/** The shortest exact way to write so many whole milliseconds: `30s`, `1500ms`, `0`. `parseDuration` reads it back. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0'
  const unit = durationUnits.find(candidate => ms % msPerUnit[candidate] === 0) ?? 'ms'
  return `${ms / msPerUnit[unit]}${unit}`
}

/**
 * Reads a size and gives bytes. A number counts bytes; `KB`, `MB`, `GB` and `TB` are powers of 1024, in any case,
 * with or without the `B` or the `i` of `MiB`.
 *
 * ```ts
 * parseSize('64KiB')  // 65_536
 * parseSize('512MB')  // 536_870_912
 * ```
 *
 * @throws {ServerError} ERR_CONFIG_INVALID when it is no size, or more bytes than a number holds exactly.
 */
export function parseSize(value: string | number): number {
  const found = /^(\d+(?:\.\d+)?)\s?(?:(b)|([kmgt])(?:i?b)?)?$/i.exec(String(value).trim())
  const unit = (found?.[3] ?? 'b').toLowerCase() as keyof typeof bytesPerUnit
  const bytes = Math.round(Number(found?.[1]) * bytesPerUnit[unit])
  if (!found || !Number.isSafeInteger(bytes)) {
    throw new ServerError('ERR_CONFIG_INVALID', `expected ${expectedSize}, got ${quote(value)}`)
  }
  return bytes
}

/** The shortest exact way to write so many bytes: `512MB`, `1000B`, `0`. `parseSize` reads it back. */
export function formatSize(bytes: number): string {
  if (bytes === 0) return '0'
  const unit = sizeUnits.find(([, size]) => bytes % size === 0)
  return unit ? `${bytes / unit[1]}${unit[0]}` : `${bytes}B`
}

function quote(value: string | number): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(value)
}

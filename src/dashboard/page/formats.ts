/** Numbers for people. They are written in English and with a fixed number of figures, so that columns stay where they are. */

export const none = '–'

/** `1,204`, `12.4`, `0.31`: three figures count, and whole numbers stay whole. */
export function formatNumber(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return none
  const size = Math.abs(value)
  const digits = size >= 100 || Number.isInteger(value) ? 0 : size >= 10 ? 1 : 2
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}

/** `1.2 k`, `3.4 M`: for places where there is none for more. */
export function formatShort(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return none
  return scale(value, 1_000, ['', ' k', ' M', ' G', ' T'])
}

/** `512 B`, `1.2 kB`, `64.0 MB`: by 1,024, as the options of Saola are read. */
export function formatBytes(bytes: number | null | undefined): string {
  if (bytes === null || bytes === undefined || !Number.isFinite(bytes)) return none
  return scale(bytes, 1_024, [' B', ' kB', ' MB', ' GB', ' TB'])
}

export function formatPercent(percent: number | null | undefined): string {
  if (percent === null || percent === undefined || !Number.isFinite(percent)) return none
  return `${percent < 9.95 && percent > 0 ? percent.toFixed(1) : Math.round(percent)} %`
}

/** `0.8 ms`, `43 ms`, `2.1 s`: a latency. */
export function formatMs(ms: number | null | undefined): string {
  if (ms === null || ms === undefined || !Number.isFinite(ms)) return none
  if (ms >= 10_000) return formatDuration(ms)
  if (ms >= 1_000) return `${(ms / 1_000).toFixed(1)} s`
  return ms === 0 ? '0 ms' : `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`
}

/** `12 s`, `4 min`, `3 h 20 min`, `12 d 4 h`: how long something has lasted, with its two largest units from an hour on. */
export function formatDuration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined || !Number.isFinite(ms)) return none
  const seconds = Math.max(0, Math.floor(ms / 1_000))
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  if (hours < 24) return withRest(`${hours} h`, minutes % 60, 'min')
  return withRest(`${Math.floor(hours / 24)} d`, hours % 24, 'h')
}

/** `1 worker`, `3 workers`. */
export function formatCount(count: number, one: string, many = `${one}s`): string {
  return `${formatNumber(count)} ${count === 1 ? one : many}`
}

function withRest(text: string, rest: number, unit: string): string {
  return rest === 0 ? text : `${text} ${rest} ${unit}`
}

function scale(value: number, step: number, units: readonly string[]): string {
  let unit = 0
  let size = value
  // What would need four figures is about 1 of the next unit, also where that is 1,024.
  while (Math.abs(size) >= 999.5 && unit < units.length - 1) {
    size /= step
    unit++
  }
  const digits = unit === 0 ? (Number.isInteger(size) ? 0 : 1) : Math.abs(size) < 99.95 ? 1 : 0
  return `${size.toFixed(digits)}${units[unit]}`
}

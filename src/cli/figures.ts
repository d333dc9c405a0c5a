/** Numbers as people read them at a glance, in few columns. */

const ageUnits = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
] as const

/** How long something takes or is ago, in its two largest units: `45s`, `12m 3s`, `3h 12m`, `5d`. */
export function formatAge(ms: number): string {
  const first = ageUnits.findIndex(([, size]) => ms >= size)
  if (first < 0) return '0s'
  let rest = Math.max(0, ms)
  const parts = ageUnits.slice(first, first + 2).map(([unit, size]) => {
    const count = Math.floor(rest / size)
    rest -= count * size
    return count > 0 ? `${count}${unit}` : ''
  })
  return parts.filter(part => part !== '').join(' ')
}

/** A size in memory, rounded: `640KB`, `82MB`, `1.2GB`. */
export function formatMemory(bytes: number): string {
  if (bytes < 1024) return `${bytes}B`
  const exponent = Math.min(Math.floor(Math.log2(bytes) / 10), 4)
  const value = bytes / 1024 ** exponent
  return `${value < 9.95 && exponent > 2 ? value.toFixed(1) : Math.round(value)}${'BKMGT'[exponent]}B`
}

/** A count, exact up to 99999 and rounded above: `1204`, `123k`, `4.5M`. */
export function formatCount(count: number): string {
  if (count < 100_000) return String(Math.round(count))
  return count < 1_000_000 ? `${Math.round(count / 1_000)}k` : `${(count / 1_000_000).toFixed(1)}M`
}

/** Something a second: `0`, `0.4`, `12.5`, `1204`. */
export function formatRate(perSecond: number): string {
  if (perSecond === 0) return '0'
  return perSecond < 100 ? perSecond.toFixed(1) : formatCount(perSecond)
}

/** How long a request takes: `0.8ms`, `42ms`, `1.2s`. */
export function formatLatency(ms: number): string {
  if (ms < 9.95) return `${ms.toFixed(1)}ms`
  return ms < 995 ? `${Math.round(ms)}ms` : `${(ms / 1_000).toFixed(1)}s`
}

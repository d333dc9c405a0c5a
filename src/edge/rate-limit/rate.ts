import { isTokenRateExact, type TokenRate } from '../../base/gcra.ts'

const periodsUs: Readonly<Record<string, number>> = { s: 1e6, m: 60e6, h: 3600e6, d: 86_400e6 }

/** How a message says what a rate is. */
export const expectedRate = 'a rate such as "5/s", "100/m", "1000/h" or "5000/d"'

/**
 * Reads `100/m`. Without a burst, as many as the number says may come at once.
 *
 * ```ts
 * parseRate('100/m') // { count: 100, periodUs: 60_000_000, burst: 100 }
 * ```
 *
 * @throws {Error} when it is no rate, or one above what can be counted exactly.
 */
export function parseRate(text: string, burst?: number): TokenRate {
  const [, digits, unit = ''] = /^\s*(\d{1,9})\s*\/\s*([smhd])\s*$/.exec(text) ?? []
  const count = Number(digits ?? 0)
  if (count === 0) throw new Error(`expected ${expectedRate}, got ${JSON.stringify(text)}`)
  const rate = { count, periodUs: periodsUs[unit] as number, burst: burst ?? count }
  if (!isTokenRateExact(rate)) throw new Error(`expected a smaller burst than ${rate.burst}, with a rate of "${text}"`)
  return rate
}

/** Choosing at random, for what is read in the order of its bytes: one in the middle would be found by counting. */
import { roughIntegerOf, wholeOf } from './arguments.ts'
import { CommandError } from './command-error.ts'

/** To skip a row takes 23 ns: a choice never more than 3 ms. */
const skippedMax = 100_000
/** So many are read to choose from at least. */
export const poolMin = 2_000
/** What one answer may hold. */
export const repeatedMax = 1_000_000

/** Below 0 for such as may repeat. */
export function signedCountOf(argument: Buffer): number {
  if (wholeOf(argument) === -(2n ** 63n)) {
    throw new CommandError(
      'ERR',
      'value is out of range, value must between -9223372036854775807 and 9223372036854775807',
    )
  }
  return roughIntegerOf(argument)
}

/** So many different ones, or with a count below 0 such as may repeat. The pool is mixed by it. */
export function chooseFrom<Item>(pool: Item[], count: number): Item[] {
  return count < 0 ? repeated(pool, -count) : shuffled(pool, count)
}

/** A place for a window: how many are before it, from the lower or the upper end, whichever is nearer. */
export function placeIn(size: number, width: number): { skipped: number; isLower: boolean } {
  // In a collection of more than both ends reach, what is between has to wait.
  const reach = Math.min(size - width + 1, 2 * skippedMax)
  const start = Math.floor(Math.random() * reach)
  const isLower = start < reach / 2
  return { skipped: isLower ? start : reach - 1 - start, isLower }
}

/** Moves so many to the beginning, and returns them. */
function shuffled<Item>(pool: Item[], count: number): Item[] {
  const wanted = Math.min(count, pool.length)
  for (let i = 0; i < wanted; i++) {
    const other = i + Math.floor(Math.random() * (pool.length - i))
    const item = pool[i] as Item
    pool[i] = pool[other] as Item
    pool[other] = item
  }
  return pool.slice(0, wanted)
}

function repeated<Item>(pool: readonly Item[], count: number): Item[] {
  return Array.from(
    { length: pool.length === 0 ? 0 : count },
    () => pool[Math.floor(Math.random() * pool.length)] as Item,
  )
}

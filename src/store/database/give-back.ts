import type { Keyspace } from './keyspace.ts'

const sliceMs = 5
const pagesAtOnce = 20
const freePagesMin = 1000
const lookEveryMs = 1_000
// Of the owner's time, while there is something to give back.
const shareMax = 0.1

/**
 * Gives back whenever there is something, between the turns of the owner, which may be busy all the time: with at most a tenth of
 * its time. `onProblem` is told when a slice fails; the next one is tried a second later. Returns how to end it.
 */
export function keepGivingBack(keyspace: Keyspace, onProblem: (error: unknown) => void): () => void {
  let timer: NodeJS.Timeout
  const slice = () => {
    const startedAt = performance.now()
    let nextMs = lookEveryMs
    try {
      if (giveBack(keyspace)) nextMs = (performance.now() - startedAt) / shareMax
    } catch (error) {
      onProblem(error)
    }
    wait(nextMs)
  }
  const wait = (ms: number) => {
    timer = setTimeout(slice, ms).unref()
  }
  wait(lookEveryMs)
  return () => clearTimeout(timer)
}

/**
 * Gives room that deleted values have left in the file back to the disk, when that is more than a quarter of it: one slice
 * of at most 5 ms. Returns whether there is more to give back. To be called in the owner, between its turns.
 *
 * The file gets shorter at the next checkpoint: see Syncer.
 */
export function giveBack(keyspace: Keyspace): boolean {
  const until = performance.now() + sliceMs
  while (isSpacious(keyspace)) {
    if (performance.now() >= until) return true
    // All rows: a page is given back with each.
    keyspace.sql(`PRAGMA incremental_vacuum(${pagesAtOnce})`).all()
  }
  return false
}

function isSpacious(keyspace: Keyspace): boolean {
  const free = count(keyspace, 'freelist_count')
  return free > freePagesMin && free > count(keyspace, 'page_count') / 4
}

function count(keyspace: Keyspace, name: 'freelist_count' | 'page_count'): number {
  const [value] = keyspace.sql(`PRAGMA ${name}`).get() as unknown as [number]
  return value
}

import type { Keyspace } from './keyspace.ts'

const sliceMs = 5
const pagesAtOnce = 20
const freePagesMin = 1000

/**
 * Gives room that deleted values have left in the file back to the disk, when that is more than a quarter of it: one slice
 * of at most 5 ms. Returns whether there is more to give back. To be called in the owner, between its turns.
 *
 * The file gets shorter at the next checkpoint.
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

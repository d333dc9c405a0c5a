import type { Note } from './report.ts'
import type { Source } from './source.ts'

/** What an importer makes of a file. */
export interface Imported {
  readonly source: Source
  readonly notes: readonly Note[]
  /** What is in it, for the last line: `3 programs`. */
  readonly summary: string
}

/** `2 applications, 3 programs and 1 cron job`. */
export function joinCounts(counts: readonly string[]): string {
  return counts.length < 2 ? counts.join('') : `${counts.slice(0, -1).join(', ')} and ${counts.at(-1)}`
}

/** `1 program`, `3 programs`. */
export function countOf(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`
}

/** What a copy has to say of what is not the same, and how much of it is done at once. */
import { printable } from '../base/printable.ts'

const differencesMax = 100

/** Keys under way between two stores, and what they may hold together in this process. */
export const atOnce = { countMax: 256, weightMax: 16 * 1024 ** 2 } as const

/** The first hundred are kept. */
export class Differences {
  readonly lines: string[] = []

  add(line: string): void {
    if (this.lines.length < differencesMax) this.lines.push(line)
  }
}

/** A key as people can read it. */
export function nameOf(key: Buffer): string {
  return printable(key.toString())
}

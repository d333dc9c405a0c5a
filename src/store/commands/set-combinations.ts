/** Union, intersection and difference of sets, page by page: each set gives its members in the order of their bytes. */
import type { Entry } from '../database/keyspace.ts'

export const combinations = {
  union: { summary: 'The members of any of the sets' },
  inter: { summary: 'The members of all of the sets' },
  diff: { summary: 'The members of the first set that are in none of the others' },
} as const

export type Combination = keyof typeof combinations

export interface SetReader {
  /** The next members of a set, up to `count`. */
  after(entry: Entry, member: Buffer | undefined, count: number): Buffer[]
  has(entry: Entry, member: Buffer): boolean
}

export interface CombinedPage {
  /** Up to where was looked; undefined when there is nothing more. */
  readonly last: Buffer | undefined
  readonly members: Buffer[]
}

const pageSize = 1000

/** Looks at up to so many members and gives those that are in; an absent set is an empty one. */
export function combine(
  name: Combination,
  entries: readonly (Entry | undefined)[],
  after: Buffer | undefined,
  count: number,
  reader: SetReader,
): CombinedPage {
  const next = name === 'union' ? unionPage : name === 'inter' ? intersectionPage : differencePage
  const members: Buffer[] = []
  let last = after
  for (let rest = count; rest > 0; rest -= pageSize) {
    const page = next(entries, last, Math.min(rest, pageSize), reader)
    for (const member of page.members) members.push(member)
    last = page.last
    if (!last) break
  }
  return { last, members }
}

type Page = (
  entries: readonly (Entry | undefined)[],
  after: Buffer | undefined,
  count: number,
  reader: SetReader,
) => CombinedPage

const unionPage: Page = (entries, after, count, reader) => {
  const found = entries.flatMap(entry => (entry ? reader.after(entry, after, count) : []))
  const members = found
    .sort(Buffer.compare)
    .filter((member, i) => i === 0 || !member.equals(found[i - 1] as Buffer))
    .slice(0, count)
  return { last: members.length < count ? undefined : members.at(-1), members }
}

const intersectionPage: Page = (entries, after, count, reader) => {
  const all = entries.filter(entry => entry !== undefined)
  const [smallest, ...others] = all.toSorted((one, other) => one.size - other.size)
  if (!smallest || all.length < entries.length) return { last: undefined, members: [] }
  const seen = reader.after(smallest, after, count)
  const members = seen.filter(member => others.every(other => reader.has(other, member)))
  return { last: seen.length < count ? undefined : seen.at(-1), members }
}

const differencePage: Page = ([first, ...others], after, count, reader) => {
  if (!first) return { last: undefined, members: [] }
  const seen = reader.after(first, after, count)
  const members = seen.filter(member => !others.some(other => other && reader.has(other, member)))
  return { last: seen.length < count ? undefined : seen.at(-1), members }
}

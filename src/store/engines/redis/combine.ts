/** `saola.set.combine combination after count key [key …]`, page by page over sets that may lie on several servers. */
import { integerOf } from '../../commands/arguments.ts'
import { syntaxError } from '../../commands/command-error.ts'
import type { Reply } from '../../resp/reply.ts'
import type { Argument, Call } from '../engine.ts'

const pageMax = 10_000

type Run = (call: Call) => Promise<Reply>

interface Page {
  /** Up to where was looked; null when there is nothing more. */
  readonly last: Buffer | null
  readonly members: readonly Buffer[]
}

export async function combineSets(run: Run, [word, after, size, ...keys]: readonly Buffer[]): Promise<Reply> {
  const count = Math.min(Math.max(1, integerOf(size)), pageMax)
  const [first, ...others] = keys as [Buffer, ...Buffer[]]
  const { last, members } = await pageOf(run, String(word).toUpperCase(), {
    first,
    others,
    after: after as Buffer,
    count,
  })
  return [last, ...members]
}

interface Wanted {
  readonly first: Buffer
  readonly others: readonly Buffer[]
  readonly after: Argument
  readonly count: number
}

async function pageOf(run: Run, combination: string, wanted: Wanted): Promise<Page> {
  if (combination === 'UNION') return union(run, wanted)
  if (combination !== 'INTER' && combination !== 'DIFF') throw syntaxError()
  const { first, others, after, count } = wanted
  const seen = await pageOfSet(run, first, after, count)
  // Also when there is nothing to ask for: what is no set must not pass for an empty one.
  const answers = others.map(key => (seen.length === 0 ? run(['scard', key]) : run(['smismember', key, ...seen])))
  const isIn = (await Promise.all(answers)) as unknown as readonly (readonly number[])[]
  const members = seen.filter((_, i) =>
    combination === 'INTER' ? isIn.every(set => set[i] === 1) : isIn.every(set => set[i] === 0),
  )
  // A page may be shorter than asked for: only an empty one is the end.
  return { last: seen.at(-1) ?? null, members }
}

async function union(run: Run, { first, others, after, count }: Wanted): Promise<Page> {
  const pages = await Promise.all([first, ...others].map(key => pageOfSet(run, key, after, count)))
  const members = pages
    .flat()
    .sort(Buffer.compare)
    .filter((member, i, all) => i === 0 || !member.equals(all[i - 1] as Buffer))
  // What lies behind the end of a page that may go on is not known of that set yet.
  const known = pages.flatMap(page => page.at(-1) ?? []).toSorted(Buffer.compare)[0]
  const end = known && members.findIndex(member => member.equals(known)) + 1
  return { last: known ?? null, members: members.slice(0, end ?? 0) }
}

async function pageOfSet(run: Run, key: Buffer, after: Argument, count: number): Promise<readonly Buffer[]> {
  return (await run(['saola.set.page', key, after, count])) as readonly Buffer[]
}

/** What a key holds, by its type and in pages: however large it is, an answer is not. */
import type { EntryView, KeySummary, KeyView } from '../dashboard/api.ts'
import type { Engine } from '../store/engines/engine.ts'
import { type Double, Status } from '../store/resp/reply.ts'
import { StoreError } from '../store/store-error.ts'
import { shownBytesMax, shownName, shownValue } from './shown-value.ts'
import { bytesOfId, placeBehind } from './store-browse.ts'

const entriesOfPage = 100
/** So many are asked for at once: they may be large, and are answered whole. */
const entriesAtOnce = 20
const pageBytesMax = 512 * 1024

type Row = readonly [field: Buffer | number | undefined, value: Buffer]
interface Step {
  readonly rows: readonly Row[]
  /** For the next step. */
  readonly after: string
  readonly isEnd: boolean
}
type Read = (engine: Engine, key: Buffer, after: string | undefined, count: number) => Promise<Step>

/** The entries of a key, from `after` on. */
export async function entriesOf(
  engine: Engine,
  key: KeySummary,
  after: string | undefined,
): Promise<Pick<KeyView, 'entries' | 'next'>> {
  const name = bytesOfId(key.id)
  if (key.type === 'other') return { entries: [], next: undefined }
  if (key.type === 'string') return { entries: await stringOf(engine, name), next: undefined }
  const { rows, next } = await readPage(readers[key.type], engine, name, after)
  const entries = rows.map(([field, value]) => entryOf(key.type, field, value))
  return { entries: key.type === 'hash' ? await withEnds(engine, name, rows, entries) : entries, next }
}

async function readPage(read: Read, engine: Engine, key: Buffer, start: string | undefined) {
  const rows: Row[] = []
  let bytes = 0
  for (let after = start; ; ) {
    const step = await read(engine, key, after, entriesAtOnce)
    for (const row of step.rows) {
      rows.push(row)
      bytes += Math.min(row[1].length, shownBytesMax) + (typeof row[0] === 'object' ? row[0].length : 0)
    }
    after = step.after
    if (step.isEnd) return { rows, next: undefined }
    if (rows.length >= entriesOfPage || bytes > pageBytesMax) return { rows, next: after }
  }
}

const readers: Readonly<Record<Exclude<KeySummary['type'], 'string' | 'other'>, Read>> = {
  hash: async (engine, key, after, count) => {
    const reply = (await engine.call(['saola.map.page', key, placeOf(after), '', count])) as readonly Buffer[]
    const rows = pairsOf(reply)
    return stepBehind(rows, rows.length === 0)
  },
  set: async (engine, key, after, count) => {
    const members = (await engine.call(['saola.set.page', key, placeOf(after), count])) as readonly Buffer[]
    return stepBehind(
      members.map(member => [undefined, member] as const),
      members.length < count,
    )
  },
  list: async (engine, key, after, count) => {
    const from = numberOf(after)
    const items = (await engine.call(['lrange', key, from, from + count - 1])) as readonly Buffer[]
    const rows = items.map((item, i) => [from + i, item] as const)
    return { rows, after: String(from + items.length), isEnd: items.length < count }
  },
  zset: async (engine, key, after, count) => {
    const from = numberOf(after)
    const reply = (await engine.call(['zrange', key, from, from + count - 1, 'WITHSCORES'])) as readonly unknown[]
    // With a score each in a pair, as RESP 3 has them, or side by side.
    const flat = reply.flat() as readonly (Buffer | Double)[]
    const rows = flat.flatMap((member, i): Row[] =>
      i % 2 === 0 ? [[member as Buffer, Buffer.from(scoreText(flat[i + 1]))]] : [],
    )
    return { rows, after: String(from + rows.length), isEnd: rows.length < count }
  },
}

/** A value of a megabyte needs not come whole for its beginning to be shown. */
async function stringOf(engine: Engine, name: Buffer): Promise<EntryView[]> {
  const [part, bytes] = await Promise.all([
    engine.call(['getrange', name, 0, shownBytesMax]),
    engine.call(['strlen', name]),
  ])
  return [{ field: undefined, ...shownValue(part as Buffer, bytes as number) }]
}

function entryOf(type: KeySummary['type'], field: Row[0], value: Buffer): EntryView {
  // A member of a set is its own field.
  if (type === 'set') return { field: undefined, ...idOf(value), ...shownValue(value) }
  const name = typeof field === 'object' ? field : Buffer.from(String(field))
  const { text, id } = shownName(name)
  return { field: text, ...(id !== undefined && idOf(name)), ...shownValue(value) }
}

/** What is longer is shown, but not changed from here: its name would be larger than the page. */
function idOf(name: Buffer): { readonly fieldId?: string } {
  return name.length > shownBytesMax ? {} : { fieldId: name.toString('base64url') }
}

/** Fields may have an end of their own. */
function withEnds(engine: Engine, name: Buffer, rows: readonly Row[], entries: readonly EntryView[]) {
  return Promise.all(
    entries.map(async (entry, i) => {
      const ttlMs = (await engine.call(['saola.map.ttl', name, rows[i]?.[0] as Buffer])) as number
      return ttlMs >= 0 ? { ...entry, expiresAt: Date.now() + ttlMs } : entry
    }),
  )
}

export function scoreText(score: unknown): string {
  if (score instanceof Status) return score.text
  const value = typeof score === 'object' && score !== null && 'value' in score ? score.value : score
  return value === Number.POSITIVE_INFINITY ? 'inf' : value === Number.NEGATIVE_INFINITY ? '-inf' : String(value)
}

function pairsOf(items: readonly Buffer[]): Row[] {
  return items.flatMap((field, i) => (i % 2 === 0 ? [[field, items[i + 1] as Buffer] as const] : []))
}

function stepBehind(rows: readonly Row[], isEnd: boolean): Step {
  const [field, value] = rows.at(-1) ?? []
  const last = typeof field === 'object' ? field : value
  return { rows, after: last ? placeBehind(last) : '', isEnd }
}

function placeOf(after: string | undefined): Buffer | string {
  return after === undefined ? '-' : Buffer.concat([Buffer.from('='), bytesOfId(after)])
}

function numberOf(after = '0'): number {
  const index = Number(after)
  if (Number.isSafeInteger(index) && index >= 0) return index
  throw new StoreError('STORE_ARGUMENT_INVALID', 'The place to go on from is not one of an earlier page: begin again.')
}

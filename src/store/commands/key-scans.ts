/** Keys by their names: those that match, the next ones, any one. */
import { rangesOf, shownName, storedName } from '../database/key-names.ts'
import type { Keyspace } from '../database/keyspace.ts'
import type { Reply } from '../resp/reply.ts'
import { integerOf } from './arguments.ts'
import type { Command, CommandContext } from './command.ts'
import { cursorOf, cursorsOf, ended } from './cursors.ts'
import { fixedPrefixOf, globOf } from './glob.ts'
import { typeNames } from './keys.ts'
import { randomKey } from './random-key.ts'
import { scanOptionsOf } from './scan-options.ts'
import { bufferOf } from './string-values.ts'

const pageMax = 10_000
const rowsAtOnce = 1000
const noPrefix = Buffer.alloc(0)

export const keyScans: readonly Command[] = [
  {
    name: 'keys',
    summary: 'The names that match a pattern. All at once: scan and saola.keys.page go in steps.',
    usage: 'pattern',
    arity: 1,
    flags: ['readonly'],
    keys: undefined,
    run: (context, [pattern]) => page(context, undefined, pattern as Buffer, Number.MAX_SAFE_INTEGER),
  },
  {
    name: 'saola.keys.page',
    summary: 'The next names that match a pattern, in their order, after one (= and the name; - from the first on).',
    usage: 'after pattern count',
    arity: 3,
    flags: ['readonly'],
    keys: undefined,
    run: (context, [after, pattern, count]) => {
      const from = after?.[0] === 0x3d ? after.subarray(1) : undefined
      return page(context, from, pattern as Buffer, Math.min(integerOf(count), pageMax))
    },
  },
  {
    name: 'scan',
    summary:
      'The next names, and the cursor for those behind them, 0 at the end. What is there the whole time is returned.',
    usage: 'cursor [MATCH pattern] [COUNT count] [TYPE type]',
    arity: -1,
    flags: ['owner'],
    keys: undefined,
    run: scan,
  },
  {
    name: 'randomkey',
    summary: 'The name of any key; null when there is none.',
    usage: '',
    arity: 0,
    flags: ['owner'],
    keys: undefined,
    run: ({ keyspace, database }) => {
      const name = randomKey(keyspace, database)
      return name ? shownName(name) : null
    },
  },
]

function scan({ keyspace, database }: CommandContext, [cursor, ...words]: readonly Buffer[]): Reply {
  const position = cursorOf(cursor)
  const { count, pattern, type, matches } = scanOptionsOf(words, { hasType: true })
  const cursors = cursorsOf(keyspace)
  const of = `database ${database}`
  const prefix = pattern ? fixedPrefixOf(pattern) : noPrefix
  const found: Reply[] = []
  let left = count
  for (const row of rowsBehind(keyspace, database, prefix, cursors.find(of, position), count)) {
    const shown = shownName(row.name)
    const isLiving = row.expires === null || row.expires > keyspace.now
    if (isLiving && matches(shown) && (type === undefined || typeNames.get(row.type) === type)) found.push(shown)
    if (--left === 0) return [cursors.keep(of, row.name), found]
  }
  return [ended, found]
}

function page(
  { keyspace, database }: CommandContext,
  after: Buffer | undefined,
  pattern: Buffer,
  count: number,
): Reply[] {
  const matches = globOf(pattern)
  const last = after && storedName(database, after)
  const found: Reply[] = []
  for (const { name, expires } of rowsBehind(keyspace, database, fixedPrefixOf(pattern), last, Math.max(count, 1))) {
    const shown = shownName(name)
    if ((expires === null || expires > keyspace.now) && matches(shown)) found.push(keyspace.answer.element(shown))
    if (found.length >= count) return found
  }
  return found
}

interface KeyRow {
  readonly name: Buffer
  readonly expires: number | null
  readonly type: number
}

/** The keys of a database that begin with a prefix, behind a stored name. */
function* rowsBehind(
  keyspace: Keyspace,
  database: number,
  prefix: Buffer,
  last: Buffer | undefined,
  atOnce: number,
): Iterable<KeyRow> {
  for (const { from, to } of rangesOf(database, prefix)) {
    if (last && to && last.compare(to) >= 0) continue
    const start = last && last.compare(from) >= 0 ? { name: last, isIn: false } : { name: from, isIn: true }
    yield* rowsFrom(keyspace, start, to, Math.min(atOnce, rowsAtOnce))
  }
}

/** Keys in their order, read in pages: what is found may be few of many. */
function* rowsFrom(
  keyspace: Keyspace,
  start: { name: Buffer; isIn: boolean },
  to: Buffer | undefined,
  atOnce: number,
): Iterable<KeyRow> {
  let { name, isIn } = start
  let wanted = atOnce
  for (;;) {
    const rows = keyspace
      .sql(
        `SELECT name, expires, type FROM keys WHERE name ${isIn ? '>=' : '>'} ?1 ${to ? 'AND name < ?3' : ''}
         ORDER BY name LIMIT ?2`,
      )
      .all(name, wanted, ...(to ? [to] : [])) as unknown as [Uint8Array, number | null, number][]
    for (const [bytes, expires, type] of rows) {
      name = bufferOf(bytes)
      yield { name, expires, type }
    }
    if (rows.length < wanted) return
    isIn = false
    // Few are wanted, and those that match seem to be rare.
    wanted = rowsAtOnce
  }
}

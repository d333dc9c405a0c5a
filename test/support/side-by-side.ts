/**
 * A real redis-server and our own store behind its door, asked the same: raw replies must be the same, byte for byte,
 * but for what has no order, is random or counts time.
 *
 * ```ts
 * const sides = await startSides(test)
 * await sides.same(['SET', 'a', '1'], ['GET', 'a'])
 * await sides.same({ words: ['MYRANDOM', 'a'], as: shape })
 * await sides.property(commandsOf(['INCR', key], ['SET', key, value]), { runs: 100 })
 * ```
 */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { defaultSpec, socketOf } from '../../src/store/owner/owner-spec.ts'
import { runOwner } from '../../src/store/owner/run-owner.ts'
import { RawClient, type Words } from './raw-client.ts'
import { startRedis } from './redis-server.ts'
import { type Loosen, loosenings, type Node, shownAlike } from './reply-nodes.ts'

const threadFile = new URL('../../src/processes/store-sync.ts', import.meta.url)

/** More runs of each property, for a long search: `SIDE_BY_SIDE_RUNS=20000`. */
const runsWanted = Number(process.env.SIDE_BY_SIDE_RUNS ?? 0)

/** A command to ask both; `as` makes alike what may differ, if the table by name (reply-nodes.ts) does not say it. */
export type Asked = Words | { readonly words: Words; readonly as: Loosen }

export interface PropertyOptions {
  /** Sequences that are tried. */
  readonly runs: number
  /** Commands of a sequence at most; 12 by default. */
  readonly lengthMax?: number
  /** Asked behind each sequence, to see what it has left. */
  readonly behind?: readonly Asked[]
  readonly seed?: number
}

/** Where it is said what to do at the end: node:test itself, for all tests of a file. */
export interface Ending {
  after(work: () => unknown): void
}

/** Both servers, each with a connection for RESP2 and one for RESP3. They end with the tests. */
export async function startSides(t: Ending): Promise<SideBySide> {
  const redis = await startRedis({ after: work => t.after(work as () => unknown) })
  const dir = await mkdtemp(join(tmpdir(), 'saola-side-'))
  const spec = { ...defaultSpec, dir, durability: 'memory' as const, snapshots: { everyMs: 0, keep: 1 } }
  const owner = await runOwner(spec, { threadFile, onIdle: () => {}, log: () => {} })
  const sides = new SideBySide(
    () => RawClient.open({ host: '127.0.0.1', port: redis.port }),
    () => RawClient.open({ path: socketOf(dir) }),
  )
  t.after(async () => {
    sides.close()
    await owner.close({ isForGood: true })
    await rm(dir, { recursive: true, force: true })
  })
  await sides.open()
  return sides
}

export interface Pair {
  readonly redis: RawClient
  readonly saola: RawClient
}

export class SideBySide {
  readonly #openRedis: () => Promise<RawClient>
  readonly #openSaola: () => Promise<RawClient>
  #pairs: readonly Pair[] = []
  readonly #others: Pair[] = []

  constructor(openRedis: () => Promise<RawClient>, openSaola: () => Promise<RawClient>) {
    this.#openRedis = openRedis
    this.#openSaola = openSaola
  }

  async open(): Promise<void> {
    this.#pairs = [await this.#pair(2), await this.#pair(3)]
  }

  close(): void {
    for (const { redis, saola } of [...this.#pairs, ...this.#others])
      for (const client of [redis, saola]) client.close()
  }

  /** Our own door, and Redis', over RESP2: for what is asked of one alone. */
  get saola(): RawClient {
    return (this.#pairs[0] as Pair).saola
  }

  get redis(): RawClient {
    return (this.#pairs[0] as Pair).redis
  }

  /** Empties both, and asks both the same in this order, over RESP2 and then, empty again, over RESP3. */
  async same(...asked: readonly Asked[]): Promise<void> {
    for (const [i, pair] of this.#pairs.entries()) await compare(pair, asked, i === 0 ? 2 : 3)
  }

  /** Sequences of commands, shrunk to the shortest one that is answered differently. */
  async property(command: fc.Arbitrary<Words>, options: PropertyOptions): Promise<void> {
    const { runs, lengthMax = 12, behind = [], seed } = options
    const sequence = fc.array(command, { minLength: 1, maxLength: lengthMax })
    await fc.assert(
      fc.asyncProperty(sequence, fc.constantFrom(0, 1), async (commands, i) => {
        await compare(this.#pairs[i] as Pair, [...commands, ...behind], i === 0 ? 2 : 3)
      }),
      { numRuns: runsWanted || runs, ...(seed === undefined ? {} : { seed }) },
    )
  }

  /** One more connection to each, over RESP2, for what takes several; closed with the others. */
  async another(): Promise<Pair> {
    const pair = await this.#pair(2)
    this.#others.push(pair)
    return pair
  }

  async #pair(protocol: 2 | 3): Promise<Pair> {
    const pair = { redis: await this.#openRedis(), saola: await this.#openSaola() }
    if (protocol === 3) {
      for (const client of Object.values(pair)) {
        const [reply] = await client.ask([['HELLO', '3']])
        assert.equal(reply?.type, '%', `HELLO 3 was answered with ${JSON.stringify(reply)}`)
      }
    }
    return pair
  }
}

async function compare({ redis, saola }: Pair, asked: readonly Asked[], protocol: 2 | 3): Promise<void> {
  const commands = asked.map(one => ('words' in one ? one : { words: one, as: undefined }))
  const sent: Words[] = [['FLUSHALL'], ['SELECT', '0'], ...commands.map(({ words }) => words)]
  const [expected, actual] = await Promise.all([redis.ask(sent), saola.ask(sent)])
  for (const [i, { words, as }] of commands.entries()) {
    const loosen = as ?? loosenings[String(words[0]).toLowerCase()]
    const [wanted, got] = shownAlike(expected[i + 2] as Node, actual[i + 2] as Node, loosen)
    const before = commands.slice(0, i + 1).map(({ words }) => `  ${shownWords(words)}`)
    assert.equal(
      got,
      wanted,
      `RESP${protocol}: redis-server answers ${wanted}, and we ${got}, to the last of\n${before.join('\n')}`,
    )
  }
}

function shownWords(words: Words): string {
  return words.map(word => JSON.stringify(Buffer.isBuffer(word) ? word.toString('latin1') : word)).join(' ')
}

/** One of these commands: each word is fixed or arbitrary; at times one is missing or there is one too many. */
export function commandsOf(...commands: readonly (readonly (string | fc.Arbitrary<string | readonly string[]>)[])[]) {
  const whole = commands.map(words =>
    fc.tuple(...words.map(word => (typeof word === 'string' ? fc.constant(word) : word))).map(parts => parts.flat()),
  )
  const right = fc.oneof(...whole)
  const wrong = fc
    .tuple(right, fc.nat(), odd)
    .map(([words, at, word]) =>
      at % 2 === 0 || words.length < 2 ? [...words, word] : words.filter((_, i) => i !== 1 + (at % (words.length - 1))),
    )
  return fc.oneof({ weight: 30, arbitrary: right }, { weight: 1, arbitrary: wrong }) as fc.Arbitrary<Words>
}

/** A few keys, so that commands meet each other. */
export const key = fc.constantFrom('a', 'b', 'c', 'd')

/** Numbers as clients should not write them, and at the limits. */
export const odd = fc.constantFrom(
  ...[
    '',
    ' ',
    '-0',
    '+5',
    ' 1',
    '1 ',
    '01',
    '1.',
    '.5',
    '1e3',
    '1e400',
    '0x10',
    'nan',
    '-nan',
    'inf',
    '-inf',
    '+inf',
    'infinity',
  ],
  ...[
    'abc',
    '(1',
    '[a',
    '1.5',
    '-1.5',
    '3.0',
    '2147483647',
    '2147483648',
    '4294967295',
    '4294967296',
    '9007199254740993',
  ],
  ...[
    '9223372036854775807',
    '9223372036854775808',
    '-9223372036854775808',
    '-9223372036854775809',
    '1\0',
    '\xff\0\xfe',
  ],
)

/** Whole numbers, nearly all small. */
export const integer = fc.oneof(
  { weight: 12, arbitrary: fc.integer({ min: -6, max: 12 }).map(String) },
  { weight: 2, arbitrary: fc.integer({ min: -70_000, max: 70_000 }).map(String) },
  { weight: 2, arbitrary: odd },
)

/** Values: short texts, numbers, bytes. */
export const value = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('x', 'y', 'abc', 'hello world', '') },
  { weight: 4, arbitrary: integer },
  { weight: 1, arbitrary: fc.constantFrom('ab\0cd', 'line\r\nline', '\xff\xfe', 'é'.repeat(3), 'long'.repeat(20)) },
)

/** Words of options as they may be: each with its argument, in any order, and at times what makes no sense. */
export function optionsOf(...options: readonly (readonly (string | fc.Arbitrary<string>)[])[]): fc.Arbitrary<string[]> {
  const one = options.map(words => fc.tuple(...words.map(word => (typeof word === 'string' ? anyCase(word) : word))))
  return fc.array(fc.oneof(...one), { maxLength: 3 }).map(found => found.flat())
}

function anyCase(word: string): fc.Arbitrary<string> {
  return fc.constantFrom(word, word, word.toLowerCase())
}

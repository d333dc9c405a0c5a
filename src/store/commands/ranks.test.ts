import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import fc from 'fast-check'
import { Keyspace, keyTypes } from '../database/keyspace.ts'
import { schema } from '../database/schema.ts'
import type { Double, Reply } from '../resp/reply.ts'
import type { CommandContext } from './command.ts'
import { sortedSetCommands } from './sorted-sets.ts'
import { commandOf } from './table.ts'

type Row = [member: string, score: number]

/** The commands on a keyspace of their own, with blocks of this size. */
function open(blockSizeMax: number) {
  const database = new DatabaseSync(':memory:')
  database.exec(schema)
  const keyspace = new Keyspace(database, { isOwner: true })
  const context: CommandContext = {
    keyspace,
    now: 0,
    database: 0,
    commandOf,
    run: () => assert.fail('no command runs another one'),
    owner: undefined,
  }
  const commands = new Map(sortedSetCommands(blockSizeMax).map(command => [command.name, command]))
  const run = (name: string, ...args: (string | number)[]): Reply => {
    const command = commands.get(name)
    assert.ok(command, name)
    return command.run(
      context,
      args.map(argument => Buffer.from(String(argument))),
    )
  }
  /** The sizes of the blocks, each compared with the members that lie in it. */
  const blocks = (): number[] => {
    const entry = keyspace.find(Buffer.from('z'))
    if (!entry) return []
    const rows = database
      .prepare('SELECT score, member, size FROM blocks WHERE id = ? ORDER BY score, member')
      .all(entry.id) as unknown as { score: number; member: Uint8Array; size: number }[]
    const before = rows.map(({ score, member }) => {
      const sql = 'SELECT count(*) AS n FROM members WHERE id = ? AND (score, member) < (?, ?)'
      return (database.prepare(sql).get(entry.id, score, member) as { n: number }).n
    })
    const counted = rows.map((_, i) => (before[i + 1] ?? entry.size) - (before[i] as number))
    const sizes = rows.map(({ size }) => size)
    assert.deepEqual(sizes, counted)
    if (sizes.length > 0) assert.equal(before[0], 0)
    assert.ok(
      sizes.every(size => size > 0 && size <= blockSizeMax),
      `sizes ${sizes}`,
    )
    if (entry.size <= blockSizeMax / 2) assert.equal(sizes.length, 0)
    if (entry.size > blockSizeMax) assert.ok(sizes.length > 1)
    return sizes
  }
  return { keyspace, run, blocks }
}

function rowsOf(reply: Reply): Row[] {
  const items = (reply as Reply[]).flat() as Reply[]
  return Array.from({ length: items.length / 2 }, (_, i) => [String(items[2 * i]), (items[2 * i + 1] as Double).value])
}

function order([one, oneScore]: Row, [other, otherScore]: Row): number {
  return oneScore === otherScore
    ? Buffer.compare(Buffer.from(one), Buffer.from(other))
    : oneScore - otherScore || (oneScore < otherScore ? -1 : 1)
}

const score = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -5, max: 5 }) },
  { weight: 1, arbitrary: fc.constantFrom(Infinity, -Infinity, 0.5, -0, 1e300, Number.MIN_VALUE) },
)
const member = fc.integer({ min: 0, max: 60 }).map(number => `m${number}`)
const bound = fc
  .tuple(fc.boolean(), score)
  .map(([isOut, value]) => ({ isOut, value, text: `${isOut ? '(' : ''}${value}` }))
const index = fc.integer({ min: -30, max: 30 })
const step = fc.oneof(
  { weight: 12, arbitrary: fc.record({ kind: fc.constant('add' as const), member, score }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('remove' as const), member }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('removeScores' as const), min: bound, max: bound }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('removeRanks' as const), start: index, stop: index }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('pop' as const), isMax: fc.boolean(), count: fc.nat(6) }) },
)

function isBetween(value: number, min: { isOut: boolean; value: number }, max: { isOut: boolean; value: number }) {
  return (min.isOut ? value > min.value : value >= min.value) && (max.isOut ? value < max.value : value <= max.value)
}

test('ranks, ranges and counts are those of a sorted array, whatever the size of the blocks', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 9 }),
      fc.array(step, { maxLength: 120, size: 'max' }),
      bound,
      bound,
      (size, steps, low, high) => {
        const { run, blocks } = open(size)
        const scores = new Map<string, number>()
        const sorted = () => [...scores].map(([name, value]): Row => [name, value + 0]).sort(order)
        for (const step of steps) {
          const before = sorted()
          let gone: Row[] = []
          if (step.kind === 'add') {
            assert.equal(run('zadd', 'z', step.score, step.member), scores.has(step.member) ? 0 : 1)
            scores.set(step.member, step.score)
          } else if (step.kind === 'remove') {
            assert.equal(run('zrem', 'z', step.member), scores.delete(step.member) ? 1 : 0)
          } else if (step.kind === 'removeScores') {
            gone = before.filter(([, value]) => isBetween(value, step.min, step.max))
            assert.equal(run('zremrangebyscore', 'z', step.min.text, step.max.text), gone.length)
          } else if (step.kind === 'removeRanks') {
            gone = slice(before, step.start, step.stop)
            assert.equal(run('zremrangebyrank', 'z', step.start, step.stop), gone.length)
          } else {
            gone = (step.isMax ? before.toReversed() : before).slice(0, step.count)
            assert.deepEqual(rowsOf(run(step.isMax ? 'zpopmax' : 'zpopmin', 'z', step.count)), gone)
          }
          for (const [name] of gone) scores.delete(name)
          blocks()
        }
        const rows = sorted()
        assert.equal(run('zcard', 'z'), rows.length)
        assert.deepEqual(rowsOf(run('zrange', 'z', 0, -1, 'WITHSCORES')), rows)
        assert.deepEqual(rowsOf(run('zrange', 'z', 0, -1, 'REV', 'WITHSCORES')), rows.toReversed())
        for (const [i, [name, value]] of rows.entries()) {
          assert.equal(run('zrank', 'z', name), i)
          assert.equal(run('zrevrank', 'z', name), rows.length - 1 - i)
          assert.equal((run('zscore', 'z', name) as Double).value, value)
        }
        const between = rows.filter(([, value]) => isBetween(value, low, high))
        assert.equal(run('zcount', 'z', low.text, high.text), between.length)
        assert.deepEqual(rowsOf(run('zrangebyscore', 'z', low.text, high.text, 'WITHSCORES')), between)
        const some = run('zrevrangebyscore', 'z', high.text, low.text, 'WITHSCORES', 'LIMIT', 2, 3)
        assert.deepEqual(rowsOf(some), between.toReversed().slice(2, 5))
        for (const [name] of rows) {
          assert.equal(run('zrem', 'z', name), 1)
          blocks()
        }
      },
    ),
    { numRuns: 150 },
  )
})

function slice(rows: Row[], start: number, stop: number): Row[] {
  const from = Math.max(0, start < 0 ? start + rows.length : start)
  const to = stop < 0 ? stop + rows.length : stop
  return rows.slice(from, Math.max(0, to + 1))
}

test('what is stored at once has blocks of its own, which go on with what comes', () => {
  for (const size of [3, 8, 9, 16, 17, 100]) {
    const { run, blocks } = open(8)
    for (let i = 0; i < size; i++) run('zadd', 'a', i, `m${i}`)
    run('zadd', 'b', 1, 'other')
    const stores = [
      ['zunionstore', 'z', 2, 'a', 'b', 'WEIGHTS', 1, 0.5],
      ['zinterstore', 'z', 2, 'a', 'a'],
      ['zdiffstore', 'z', 2, 'a', 'b'],
      ['zrangestore', 'z', 'a', 0, -1, 'REV'],
    ] as const
    for (const [name, ...args] of stores) {
      assert.equal(run(name, ...args), name === 'zunionstore' ? size + 1 : size)
      blocks()
      for (let i = 0; i < 30; i++) run('zadd', 'z', (i * 7) % 20, `more${i}`)
      blocks()
      run('zremrangebyrank', 'z', 2, -3)
      blocks()
    }
  }
})

test('200,000 members have the ranks and ranges of a sorted array, and small sets have no blocks', () => {
  const { run, blocks, keyspace } = open(2048)
  let seed = 7
  const random = (below: number) => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0
    return Math.floor((seed / 2 ** 32) * below)
  }
  const scores = new Map<string, number>()
  keyspace.sql('BEGIN').run()
  for (let i = 0; i < 200_000; i++) {
    // Scores that come in order, scores that do not, and many that are the same.
    const value = i % 3 === 0 ? i : i % 3 === 1 ? random(1_000_000) - 500_000 : random(50)
    scores.set(`member:${i}`, value)
    run('zadd', 'z', value, `member:${i}`)
    if (i === 2047) assert.deepEqual(blocks(), [])
  }
  for (let i = 0; i < 200_000; i += 9) {
    scores.set(`member:${i}`, -i)
    run('zadd', 'z', -i, `member:${i}`)
  }
  for (let i = 1; i < 200_000; i += 7) if (scores.delete(`member:${i}`)) run('zrem', 'z', `member:${i}`)
  keyspace.sql('COMMIT').run()
  const rows = [...scores].sort(order)
  const compare = () => {
    const sizes = blocks()
    assert.ok(sizes.length >= rows.length / 2048 && sizes.length < rows.length / 512 + 2, `${sizes.length} blocks`)
    assert.equal(run('zcard', 'z'), rows.length)
    for (let i = 0; i < rows.length; i += 997) {
      const [name, value] = rows[i] as Row
      assert.equal(run('zrank', 'z', name), i)
      assert.deepEqual(rowsOf(run('zrange', 'z', i, i + 2, 'WITHSCORES')), rows.slice(i, i + 3))
      assert.deepEqual(rowsOf(run('zrevrange', 'z', i, i + 2, 'WITHSCORES')), rows.toReversed().slice(i, i + 3))
      const above = rows.length - rows.findIndex(row => row[1] >= value)
      assert.equal(run('zcount', 'z', value, 'inf'), above)
      const paged = run('zrange', 'z', value, '+inf', 'BYSCORE', 'LIMIT', 5000, 2, 'WITHSCORES')
      assert.deepEqual(rowsOf(paged), rows.slice(rows.length - above + 5000, rows.length - above + 5002))
    }
  }
  compare()
  assert.equal(run('zremrangebyrank', 'z', 10_000, 149_999), 140_000)
  rows.splice(10_000, 140_000)
  compare()
  assert.equal(run('zremrangebyrank', 'z', 1000, -1), rows.length - 1000)
  assert.deepEqual(blocks(), [])
  assert.equal(run('zremrangebyscore', 'z', '-inf', 'inf'), 1000)
  assert.equal(keyspace.findOf(Buffer.from('z'), keyTypes.zset), undefined)
})

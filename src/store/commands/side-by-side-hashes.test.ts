import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { type Node, shownNode } from '../../../test/support/reply-nodes.ts'
import { commandsOf, integer, key, odd, optionsOf, startSides, value } from '../../../test/support/side-by-side.ts'

const sides = await startSides({ after })
const field = fc.constantFrom('f', 'g', 'h', '')
const behind = ['a', 'b', 'c', 'd'].flatMap(name => [
  ['HGETALL', name],
  ['HLEN', name],
  ['TYPE', name],
])
const amount = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: -1000, max: 1000 }).map(number => String(number / 100)) },
  { weight: 1, arbitrary: fc.constantFrom('1e17', '-1e300', '1e5000', '0x1p-3', '0.1', '3e-18') },
  { weight: 1, arbitrary: odd },
)

test('fields are set, read and counted as in Redis', () =>
  sides.property(
    fc.oneof(
      {
        weight: 25,
        arbitrary: commandsOf(
          ['HSET', key, field, value],
          ['HSET', key, field, value, field, value],
          ['HMSET', key, field, value, field, value],
          ['HSETNX', key, field, value],
          ['HGET', key, field],
          ['HMGET', key, field, field, field],
          ['HGETALL', key],
          ['HDEL', key, field],
          ['HDEL', key, field, field],
          ['HLEN', key],
          ['HSTRLEN', key, field],
          ['HEXISTS', key, field],
          ['HKEYS', key],
          ['HVALS', key],
          ['HINCRBY', key, field, integer],
          ['HINCRBYFLOAT', key, field, amount],
          ['HRANDFIELD', key],
          ['HRANDFIELD', key, fc.constantFrom('0', '1', '2', '100', '-3', 'x', '', '-9223372036854775808')],
          [
            'HRANDFIELD',
            key,
            fc.constantFrom('0', '1', '2', '-3', '9223372036854775807'),
            fc.constantFrom('WITHVALUES', 'withvalues', 'FOO'),
          ],
        ),
      },
      { weight: 1, arbitrary: fc.constantFrom(['SET', 'a', '1'], ['RPUSH', 'b', 'x'], ['SADD', 'c', '1']) },
    ),
    { runs: 800, behind },
  ))

test('options of scans are checked as in Redis, and small hashes are scanned at once', () => {
  // With a COUNT of 1, or behind another cursor than 0, what of a hash with a long value is found is decided by the random
  // seed of each redis-server.
  const options = optionsOf(
    ['COUNT', fc.constantFrom('10', '1000', '0', '-1', 'x')],
    ['MATCH', fc.constantFrom('*', 'f', 'g*', '?', '')],
    ['TYPE', 'hash'],
    ['FOO'],
  )
  const cursor = fc.constantFrom('0', '0', '', 'x', '18446744073709551616')
  return sides.property(
    commandsOf(['HSET', key, field, value], ['SET', key, value], ['HDEL', key, field], ['HSCAN', key, cursor, options]),
    { runs: 300 },
  )
})

test('a hash that Redis keeps in one piece is scanned at once, whatever the count and the cursor', () =>
  sides.same(
    ['HSET', 'a', ...Array.from({ length: 100 }, (_, i) => String(i))],
    ['HSCAN', 'a', '0', 'COUNT', '1'],
    ['HSCAN', 'a', '0', 'COUNT', '1', 'MATCH', '1*'],
    ['HSCAN', 'a', '-1'],
    ['HSCAN', 'a', '4711', 'COUNT', '1'],
  ))

test('fields at random are checked as in Redis', () =>
  // Not left to chance: redis-server would answer with as many fields if a word were missing.
  sides.same(
    ['HSET', 'a', 'f', '1'],
    ['HRANDFIELD', 'a', '-4611686018427387905', 'WITHVALUES'],
    ['HRANDFIELD', 'a', '4611686018427387904', 'WITHVALUES'],
    ['HRANDFIELD', 'a', '-9223372036854775808', 'WITHVALUES'],
    ['HRANDFIELD', 'none', '-4611686018427387905', 'WITHVALUES'],
  ))

test('a large hash is scanned in steps', async () => {
  const { saola } = sides
  const pairs = Array.from({ length: 2000 }, (_, i) => [`field:${i}`, String(i)])
  await saola.ask([['FLUSHALL'], ['HSET', 'large', ...pairs.flat()]])
  const found = new Set<string>()
  let cursor = '0'
  let steps = 0
  do {
    const [reply] = await saola.ask([['HSCAN', 'large', cursor, 'COUNT', '100']])
    const [next, items] = (reply as Node).items as [Node, Node]
    cursor = JSON.parse((next.text ?? '').replace(/^\d+ /, '')) as string
    assert.ok((items.items ?? []).length <= 200)
    for (const item of items.items ?? []) found.add(shownNode(item))
    steps++
  } while (cursor !== '0' && steps < 100)
  assert.equal(steps, 21)
  assert.equal([...found].filter(text => text.includes('field:')).length, 2000)
})

test('fields at random are different ones, or as many as are asked for', async () => {
  const { saola } = sides
  await saola.ask([['FLUSHALL'], ['HSET', 'h', ...Array.from({ length: 200 }, (_, i) => String(i))]])
  const [some, all, repeated] = await saola.ask([
    ['HRANDFIELD', 'h', '50'],
    ['HRANDFIELD', 'h', '1000'],
    ['HRANDFIELD', 'h', '-300'],
  ])
  assert.equal(new Set(some?.items?.map(shownNode)).size, 50)
  assert.equal(new Set(all?.items?.map(shownNode)).size, 100)
  assert.equal(repeated?.items?.length, 300)
  assert.ok(new Set(repeated?.items?.map(shownNode)).size > 50)
})

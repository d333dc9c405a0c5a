/** Commands of sets are answered as a real redis-server answers them. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { commandsOf, integer, key, optionsOf, startSides, value } from '../../../test/support/side-by-side.ts'

const sides = await startSides({ after })
const member = fc.oneof(fc.integer({ min: 0, max: 12 }).map(String), value)
const keys = fc.array(key, { minLength: 1, maxLength: 3 })
const counted = keys.map(names => [String(names.length), ...names])
const add = ['SADD', key, member, member, member, member]
const behind = ['a', 'b', 'c', 'd'].map(name => ['SMEMBERS', name])

test('members are added, removed, found and moved as in Redis', async () => {
  const command = commandsOf(
    add,
    ['SREM', key, member, member],
    ['SISMEMBER', key, member],
    ['SMISMEMBER', key, member, member],
    ['SMEMBERS', key],
    ['SCARD', key],
    ['SMOVE', key, key, member],
    ['SET', key, value],
    ['DEL', key],
  )
  await sides.property(command, { runs: 250, behind })
})

test('sets are combined and stored as in Redis', async () => {
  const command = commandsOf(
    add,
    add,
    ['SINTER', keys],
    ['SUNION', keys],
    ['SDIFF', keys],
    ['SINTERSTORE', key, keys],
    ['SUNIONSTORE', key, keys],
    ['SDIFFSTORE', key, keys],
    ['SINTERCARD', counted, optionsOf(['LIMIT', integer], ['NONE'])],
    ['SINTERCARD', integer, key, key],
    ['SET', key, value],
  )
  await sides.property(command, { runs: 250, behind })
})

test('of members at random there are as many, of the same kind, as in Redis', async () => {
  // What is left is random, so nothing comes behind a pop but its like; one answer holds no billion here.
  const count = integer.filter(text => !/^-\d{8,}/.test(text))
  const command = commandsOf(
    ['SRANDMEMBER', key],
    ['SRANDMEMBER', key, count],
    ['SPOP', key],
    ['SPOP', key, integer],
    ['SCARD', key],
    ['SCARD', key],
    ['SET', 'd', value],
  )
  const filled = fc.constant(['SADD', 'a', '1', '2', '3', '4', '5', '6', '7', '8'])
  const filledToo = fc.constant(['SADD', 'b', 'x', 'y', '3'])
  await sides.property(fc.oneof(filled, filledToo, command, command, command), {
    runs: 250,
    behind: ['a', 'b'].map(name => ['SCARD', name]),
  })
})

test('a scan of a set returns each member once, whatever Redis calls its cursors', async () => {
  const members = Array.from({ length: 700 }, (_, i) => `m${i}`)
  for (const server of [sides.redis, sides.saola]) {
    await server.ask([['FLUSHALL'], ['SADD', 'a', ...members]])
    const found: string[] = []
    let cursor = '0'
    do {
      const [reply] = await server.ask([['SSCAN', 'a', cursor, 'COUNT', '50', 'MATCH', 'm*']])
      const [next, page] = reply?.items ?? []
      cursor = JSON.parse(next?.text?.replace(/^\d+ /, '') ?? '""')
      found.push(...(page?.items ?? []).map(({ text = '' }) => JSON.parse(text.replace(/^\d+ /, ''))))
    } while (cursor !== '0')
    assert.deepEqual([...new Set(found)].toSorted(), members.toSorted())
  }
  const small = ['SADD', 'a', '1', '2', '3', '30']
  await sides.same(
    small,
    ...[['0'], ['0', 'MATCH', '3*'], ['0', 'COUNT', '1'], ['0', 'COUNT', '0'], ['x'], ['0', 'MATCH']].map(words => [
      'SSCAN',
      'a',
      ...words,
    ]),
  )
})

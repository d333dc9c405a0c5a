/** Commands of sorted sets are answered as a real redis-server answers them, but for how many digits a score has. */
import { after, test } from 'node:test'
import fc from 'fast-check'
import type { Words } from '../../../test/support/raw-client.ts'
import { commandsOf, integer, key, odd, optionsOf, startSides, value } from '../../../test/support/side-by-side.ts'

const sides = await startSides({ after })
const member = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'ab', '')
const half = fc.integer({ min: -6, max: 12 }).map(n => String(n / 2))
const score = fc.oneof(
  { weight: 10, arbitrary: half },
  { weight: 1, arbitrary: fc.constantFrom('inf', '-inf', 'nan', 'x', '1e400', '0x10', '') },
)
const bound = fc.oneof(
  { weight: 6, arbitrary: half },
  half.map(text => `(${text}`),
  fc.constantFrom('-inf', '+inf', '(', 'x'),
  odd,
)
const text = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(fc.constantFrom('[', '('), member).map(parts => parts.join('')) },
  fc.constantFrom('-', '+', 'a', '', '-x'),
)
const index = fc.oneof({ weight: 5, arbitrary: fc.integer({ min: -6, max: 6 }).map(String) }, integer)
const keys = fc.array(key, { minLength: 1, maxLength: 3 })
const counted = keys.map(names => [String(names.length), ...names])
const limit = ['LIMIT', index, index]
const add = ['ZADD', key, score, member, half, member, half, member]
const behind = ['a', 'b', 'c', 'd'].map(name => ['ZRANGE', name, '0', '-1', 'WITHSCORES'])
/** Never for ever: nobody would add. */
const soonWords = ['0.001', '-1', 'abc']
const soon = fc.constantFrom(...soonWords)
/** Also when a word is left out, or one is added. */
function isSoon([name, ...words]: Words): boolean {
  if (!/^b/i.test(String(name))) return true
  return soonWords.includes(String(/mpop$/i.test(String(name)) ? words[0] : words.at(-1)))
}

test('members get scores, lose them and are ranked as in Redis', async () => {
  const command = commandsOf(
    add,
    ['ZADD', key, optionsOf(['NX'], ['XX'], ['GT'], ['LT'], ['CH'], ['INCR']), score, member],
    ['ZADD', key, optionsOf(['NX'], ['XX'], ['GT'], ['LT'], ['CH']), score, member, score, member],
    ['ZINCRBY', key, score, member],
    ['ZREM', key, member, member],
    ['ZSCORE', key, member],
    ['ZMSCORE', key, member, member],
    ['ZCARD', key],
    ['ZRANK', key, member],
    ['ZREVRANK', key, member],
    ['SET', key, value],
  )
  await sides.property(command, { runs: 200, behind })
})

test('ranges by index and score are read, counted, stored and removed as in Redis', async () => {
  const command = commandsOf(
    add,
    add,
    ['ZRANGE', key, index, index, optionsOf(['REV'], ['WITHSCORES'], limit)],
    ['ZRANGE', key, bound, bound, optionsOf(['BYSCORE'], ['REV'], ['WITHSCORES'], limit, ['BYLEX'])],
    ['ZRANGE', key, bound, bound, 'BYSCORE', optionsOf(['REV'], ['WITHSCORES'], limit)],
    ['ZREVRANGE', key, index, index, optionsOf(['WITHSCORES'], limit)],
    ['ZRANGEBYSCORE', key, bound, bound, optionsOf(['WITHSCORES'], limit)],
    ['ZREVRANGEBYSCORE', key, bound, bound, optionsOf(['WITHSCORES'], limit)],
    ['ZRANGESTORE', key, key, bound, bound, 'BYSCORE', optionsOf(['REV'], limit)],
    ['ZRANGESTORE', key, key, index, index, optionsOf(['REV'], ['WITHSCORES'])],
    ['ZCOUNT', key, bound, bound],
    ['ZREMRANGEBYSCORE', key, bound, bound],
    ['ZREMRANGEBYRANK', key, index, index],
    ['SET', key, value],
  )
  await sides.property(command, { runs: 250, behind })
})

test('ranges of texts are read, counted, stored and removed as in Redis', async () => {
  const command = commandsOf(
    // All at one score, else the answers mean nothing.
    ['ZADD', key, '0', member, '0', member, '0', member],
    ['ZRANGE', key, text, text, 'BYLEX', optionsOf(['REV'], limit, ['WITHSCORES'])],
    ['ZRANGEBYLEX', key, text, text, optionsOf(limit)],
    ['ZREVRANGEBYLEX', key, text, text, optionsOf(limit)],
    ['ZRANGESTORE', key, key, text, text, 'BYLEX', optionsOf(['REV'], limit)],
    ['ZLEXCOUNT', key, text, text],
    ['ZREMRANGEBYLEX', key, text, text],
  )
  await sides.property(command, { runs: 200, behind })
})

test('sorted sets and sets are combined and stored as in Redis', async () => {
  const weights = optionsOf(
    ['AGGREGATE', fc.constantFrom('SUM', 'min', 'MAX', 'AVG')],
    ['WITHSCORES'],
    ['WEIGHTS', half],
    ['WEIGHTS', half, score],
    ['NONE'],
  )
  const command = commandsOf(
    add,
    add,
    ['SADD', key, member, member],
    ['ZUNION', counted, weights],
    ['ZINTER', counted, weights],
    ['ZDIFF', counted, optionsOf(['WITHSCORES'], ['AGGREGATE', 'SUM'])],
    ['ZUNIONSTORE', key, counted, weights],
    ['ZINTERSTORE', key, counted, weights],
    ['ZDIFFSTORE', key, counted],
    ['ZINTERCARD', counted, optionsOf(['LIMIT', integer], ['NONE'])],
    ['ZUNION', integer, key, key],
    ['SET', key, value],
  )
  await sides.property(command, { runs: 250, behind: behind.map(([, name = '']) => ['TYPE', name]) })
  await sides.property(
    fc.oneof(command, commandsOf(['DEL', 'd'])).filter(([name, to]) => !/^S/i.test(String(name)) || to === 'd'),
    { runs: 100, behind: behind.slice(0, 3) },
  )
})

test('members with the lowest and highest scores are taken, and taken at random, as in Redis', async () => {
  const count = integer.filter(text => !/^-\d{8,}/.test(text))
  const end = fc.constantFrom('MIN', 'max', 'LEFT')
  const command = commandsOf(
    add,
    add,
    ['ZPOPMIN', key],
    ['ZPOPMAX', key, integer],
    ['ZMPOP', counted, end, optionsOf(['COUNT', integer])],
    ['BZPOPMIN', keys, soon],
    ['BZPOPMAX', keys, soon],
    ['BZMPOP', soon, counted, end, optionsOf(['COUNT', integer])],
    ['ZRANDMEMBER', key],
    ['ZRANDMEMBER', key, count],
    ['ZRANDMEMBER', key, count, fc.constantFrom('WITHSCORES', 'NONE')],
    ['SET', 'd', value],
  )
  await sides.property(command.filter(isSoon), { runs: 150, behind })
})

test('a scan of a small sorted set returns it at once', async () => {
  const scans = [['0'], ['0', 'MATCH', 'a*'], ['0', 'COUNT', '1'], ['0', 'COUNT', '0'], ['x'], ['0', 'MATCH']]
  // In Redis in the order of the scores, here of the members.
  await sides.same(['ZADD', 'a', '1', 'a', '2', 'ab', '2.5', 'b'], ...scans.map(words => ['ZSCAN', 'a', ...words]))
})

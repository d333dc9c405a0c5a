/** Commands of lists are answered as a real redis-server answers them. */
import { after, test } from 'node:test'
import fc from 'fast-check'
import type { Words } from '../../../test/support/raw-client.ts'
import { commandsOf, integer, key, optionsOf, startSides, value } from '../../../test/support/side-by-side.ts'

const sides = await startSides({ after })
const side = fc.constantFrom('LEFT', 'RIGHT', 'left', 'MIDDLE')
const index = fc.oneof({ weight: 5, arbitrary: fc.integer({ min: -6, max: 6 }).map(String) }, integer)
const keys = fc.array(key, { minLength: 1, maxLength: 3 })
const counted = keys.map(names => [String(names.length), ...names])
const push = ['RPUSH', key, value, value, value]
/** Never for ever: nobody would push. */
const soonWords = ['0.001', '1e-3', '0x.01', '-1', 'abc', '', ' 1', 'nan', '-inf']
const soon = fc.constantFrom(...soonWords)
/** Also when a word is left out, or one is added. */
function isSoon([name, ...words]: Words): boolean {
  if (!/^b/i.test(String(name))) return true
  return soonWords.includes(String(/mpop$/i.test(String(name)) ? words[0] : words.at(-1)))
}
const behind = ['a', 'b', 'c', 'd'].map(name => ['LRANGE', name, '0', '-1'])

test('elements are pushed, popped, read and replaced as in Redis', async () => {
  const command = commandsOf(
    push,
    ['LPUSH', key, value, value],
    ['LPUSHX', key, value],
    ['RPUSHX', key, value, value],
    ['LPOP', key],
    ['RPOP', key],
    ['LPOP', key, integer],
    ['RPOP', key, integer],
    ['LLEN', key],
    ['LINDEX', key, index],
    ['LSET', key, index, value],
    ['LRANGE', key, index, index],
    ['LTRIM', key, index, index],
    ['SET', key, value],
    ['DEL', key],
  )
  await sides.property(command, { runs: 250, behind })
})

test('elements are searched, inserted and removed by their value as in Redis', async () => {
  const few = fc.constantFrom('x', 'y', 'z')
  const command = commandsOf(
    ['RPUSH', key, few, few, few, few],
    ['LPUSH', key, few, few],
    ['LREM', key, integer, few],
    ['LINSERT', key, fc.constantFrom('BEFORE', 'after', 'BESIDE'), few, value],
    ['LPOS', key, few, optionsOf(['RANK', integer], ['COUNT', integer], ['MAXLEN', integer], ['NONE'])],
    ['SET', key, value],
  )
  await sides.property(command, { runs: 250, behind })
})

test('elements are moved and taken from the first of several lists as in Redis', async () => {
  const command = commandsOf(
    push,
    ['LMOVE', key, key, side, side],
    ['RPOPLPUSH', key, key],
    ['LMPOP', counted, side, optionsOf(['COUNT', integer], ['NONE'])],
    ['LMPOP', integer, key, side],
    ['SET', key, value],
  )
  await sides.property(command, { runs: 200, behind })
})

test('what is there is taken without waiting, and a time that is over is answered, as in Redis', async () => {
  const command = commandsOf(
    push,
    push,
    ['BLPOP', keys, soon],
    ['BRPOP', keys, soon],
    ['BLMOVE', key, key, side, side, soon],
    ['BRPOPLPUSH', key, key, soon],
    ['BLMPOP', soon, counted, side, optionsOf(['COUNT', integer])],
    ['SET', key, value],
  )
  await sides.property(command.filter(isSoon), { runs: 100, lengthMax: 6, behind })
})

test('nothing waits inside a transaction', async () => {
  await sides.same(
    ['MULTI'],
    ['BLPOP', 'a', 'b', '0'],
    ['BRPOP', 'a', '0'],
    ['BLMOVE', 'a', 'b', 'LEFT', 'LEFT', '0'],
    ['BRPOPLPUSH', 'a', 'b', '0'],
    ['BLMPOP', '0', '1', 'a', 'LEFT'],
    ['RPUSH', 'a', 'x'],
    ['BLPOP', 'a', 'b', '0'],
    ['BZPOPMIN', 'a', '0'],
    ['BZMPOP', '0', '1', 'a', 'MIN'],
    ['EXEC'],
  )
})

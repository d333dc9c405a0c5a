import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import fc from 'fast-check'
import type { Node } from '../../../test/support/reply-nodes.ts'
import { commandsOf, integer, key, optionsOf, startSides, value } from '../../../test/support/side-by-side.ts'

const sides = await startSides({ after })
const behind = [
  ['KEYS', '*'],
  ['DBSIZE'],
  ...['a', 'b', 'c', 'd'].flatMap(name => [
    ['TYPE', name],
    ['PTTL', name],
    ['PEXPIRETIME', name],
    ['OBJECT', 'ENCODING', name],
  ]),
]
const fill = [
  ['SET', key, value],
  ['HSET', key, value, value],
  ['RPUSH', key, value, value, value],
  ['SADD', key, value, value],
  ['ZADD', key, fc.constantFrom('1', '2.5', '-3'), value],
] as const
const database = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom('0', '1', '2', '15') },
  { weight: 1, arbitrary: fc.constantFrom('16', '-1', 'x', '', '2147483648', '9223372036854775808') },
)

// Not above what JavaScript counts: beyond 285,000 years it becomes that limit.
const conditions = optionsOf(['NX'], ['XX'], ['GT'], ['LT'], ['FOO'])
const inSeconds = fc.constantFrom(
  '100',
  '5000',
  '5000',
  '0',
  '-1',
  '-9223372036854775808',
  '9223372036854775807',
  'x',
  '',
)
const inMilliseconds = fc.constantFrom(
  '100000',
  '9000000',
  '0',
  '-100',
  '9223372036854775807',
  '-9223372036854775808',
  '1.5',
)
const atSeconds = fc.constantFrom('4102444800', '5000000000', '1', '0', '-5', '9223372036854775807', '+1')
const atMilliseconds = fc.constantFrom(
  '4102444800000',
  '5000000000000',
  '1',
  '-9223372036854775808',
  '9223372036854775808',
)

test('keys end, are renamed, copied and moved as in Redis', () =>
  sides.property(
    commandsOf(
      ...fill,
      ['DEL', key, key],
      ['UNLINK', key],
      ['EXISTS', key, key],
      ['TOUCH', key, key],
      ['EXPIRE', key, inSeconds, conditions],
      ['PEXPIRE', key, inMilliseconds, conditions],
      ['EXPIREAT', key, atSeconds, conditions],
      ['PEXPIREAT', key, atMilliseconds, conditions],
      ['TTL', key],
      ['EXPIRETIME', key],
      ['PERSIST', key],
      ['RENAME', key, key],
      ['RENAMENX', key, key],
      ['COPY', key, key, optionsOf(['REPLACE'], ['DB', database], ['FOO'])],
      ['MOVE', key, database],
      ['SWAPDB', database, database],
      ['SELECT', fc.constantFrom('0', '1', '2')],
      ['FLUSHDB', optionsOf(['ASYNC'], ['SYNC'], ['FOO'])],
      ['FLUSHALL'],
      ['RANDOMKEY'],
      ['KEYS', fc.constantFrom('*', 'a', '[ab]', '?', '[^a]', '', 'a*', '\\a')],
    ),
    { runs: 500, lengthMax: 16, behind },
  ))

test('conditions of a time to live are as in Redis, also for the same moment again', () =>
  sides.same(
    ['SET', 'a', '1'],
    ...['XX', 'GT', 'LT', 'NX', 'NX', 'GT', 'LT', 'XX'].map(word => ['EXPIREAT', 'a', '4102444800', word]),
    ['EXPIREAT', 'a', '4102444801', 'GT'],
    ['EXPIREAT', 'a', '4102444801', 'LT'],
    ['EXPIREAT', 'a', '4102444800', 'XX', 'LT'],
    { words: ['PEXPIRETIME', 'a'], as: reply => reply },
  ))

test('objects are described as in Redis', async () => {
  await sides.same(
    ['SET', 'int', '9223372036854775807'],
    ['SET', 'embstr', 'x'.repeat(44)],
    ['SET', 'raw', 'x'.repeat(45)],
    ['HSET', 'hash', 'f', 'x'.repeat(64)],
    ['HSET', 'long', 'f', 'x'.repeat(65)],
    ['SADD', 'ints', '1', '2', '-5'],
    ['SADD', 'texts', '1', 'x'],
    ['SADD', 'many', ...Array.from({ length: 513 }, (_, i) => String(i))],
    ['HSET', 'wide', ...Array.from({ length: 1026 }, (_, i) => String(i))],
    ['ZADD', 'small', '1', 'x'],
    ['ZADD', 'large', ...Array.from({ length: 129 }, (_, i) => [String(i), `m${i}`]).flat()],
    ['RPUSH', 'list', 'x'],
    ...['int', 'embstr', 'raw', 'hash', 'long', 'ints', 'texts', 'many', 'wide', 'small', 'large', 'list', 'none'].map(
      name => ['OBJECT', 'ENCODING', name],
    ),
    ['OBJECT', 'REFCOUNT', 'raw'],
    ['OBJECT', 'REFCOUNT', 'none'],
    ['OBJECT', 'IDLETIME', 'raw'],
    ['OBJECT', 'FREQ', 'raw'],
    ['OBJECT', 'FREQ', 'none'],
    ['OBJECT'],
    ['OBJECT', 'ENCODING'],
    ['OBJECT', 'ENCODING', 'a', 'b'],
    ['OBJECT', 'NOTHING', 'a'],
  )
})

test('elements are sorted as in Redis', () => {
  const element = fc.oneof(
    { weight: 8, arbitrary: fc.integer({ min: -3, max: 12 }).map(String) },
    { weight: 2, arbitrary: fc.constantFrom('1.5', '-0', '1e2', 'inf', '0x10', 'x', 'y', '', 'abc', ' 1') },
  )
  const pattern = fc.constantFrom('w_*', 'h_*->f', '*', '#', 'nothing', 'w_*->', 'h_*->*', 'w_*x', '->f', '*->f')
  // Of what is alike, Redis gives any first: with ALPHA and BY there is much of it, and a set has no order beneath.
  const plain = [['ASC'], ['DESC'], ['GET', pattern], ['LIMIT', integer, integer], ['STORE', key], ['FOO']] as const
  return sides.property(
    commandsOf(
      ['RPUSH', key, element, element, element],
      // A score that is too large would make the next SORT of redis-server fail, whatever it sorts.
      ['ZADD', key, fc.constantFrom('1', '2', '-3.5'), element],
      ['SADD', 's', element, element],
      ['SET', element.map(text => `w_${text}`), element],
      ['HSET', element.map(text => `h_${text}`), 'f', element],
      ['SORT', key, optionsOf(...plain, ['BY', pattern])],
      ['SORT', key, 'ALPHA', optionsOf(...plain)],
      ['SORT_RO', key, optionsOf(...plain, ['BY', pattern])],
      ['SORT', 's', optionsOf(['ALPHA'], ...plain)],
      ['SORT', 's', 'BY', 'nothing', 'STORE', key],
      ['LRANGE', key, '0', '-1'],
    ),
    {
      runs: 500,
      lengthMax: 14,
      behind: ['a', 'b', 'c', 'd'].flatMap(name => [
        ['LRANGE', name, '0', '-1'],
        ['TYPE', name],
      ]),
    },
  )
})

test('elements are sorted by texts of other keys as in Redis', () =>
  sides.same(
    ['RPUSH', 'list', '1', '2', '3'],
    ['MSET', 'w_1', 'b', 'w_2', 'a', 'w_3', 'c', 'o_1', 'one', 'o_3', 'three'],
    ['HSET', 'h_1', 'name', 'uno'],
    ['SORT', 'list', 'BY', 'w_*', 'ALPHA'],
    ['SORT', 'list', 'BY', 'w_*', 'ALPHA', 'DESC', 'GET', '#', 'GET', 'o_*', 'GET', 'h_*->name'],
    ['SORT', 'list', 'BY', 'w_*', 'ALPHA', 'LIMIT', '1', '1', 'STORE', 'result'],
    ['LRANGE', 'result', '0', '-1'],
    ['SORT', 'list', 'BY', 'w_*'],
    ['SORT', 'list', 'LIMIT', '5', '1', 'STORE', 'result'],
    ['EXISTS', 'result'],
  ))

test('options of scans are checked as in Redis', () =>
  sides.property(
    commandsOf(
      ...fill,
      ['SCAN', fc.constantFrom('0', '', 'x', '18446744073709551616', '+0', '00')],
      [
        'SCAN',
        '0',
        optionsOf(
          ['COUNT', fc.constantFrom('1000', '5000', '0', '-1', 'x', '')],
          ['MATCH', fc.constantFrom('*', 'a', 'b*', '?')],
          ['TYPE', fc.constantFrom('string', 'HASH', 'zset', 'foo')],
          ['FOO'],
        ),
        'COUNT',
        '1000',
      ],
    ),
    { runs: 200, behind: [['SCAN', '0', 'COUNT', '1000']] },
  ))

test('a scan returns each key that is there the whole time, as other keys come and go', async () => {
  const { saola } = sides
  await saola.ask([['FLUSHALL']])
  await saola.ask(Array.from({ length: 500 }, (_, i) => ['SET', `stays:${i}`, 'x']))
  const found = new Map<string, number>()
  let cursor = '0'
  let step = 0
  do {
    const churn = Array.from({ length: 20 }, (_, i) => ['SET', `goes:${step}:${i}`, 'x'])
    const gone = Array.from({ length: 20 }, (_, i) => ['DEL', `goes:${step - 1}:${i}`])
    const [reply] = await saola.ask([['SCAN', cursor, 'COUNT', '7'], ...churn, ...gone])
    const [next, names] = (reply as Node).items as [Node, Node]
    cursor = textOf(next)
    for (const name of names.items ?? []) found.set(textOf(name), (found.get(textOf(name)) ?? 0) + 1)
  } while (cursor !== '0' && step++ < 1000)
  assert.equal(cursor, '0')
  const stayed = [...found].filter(([name]) => name.startsWith('stays:'))
  assert.equal(stayed.length, 500)
  assert.ok(stayed.every(([, times]) => times === 1))
})

test('what is no cursor is refused, as strictly as Redis does', async () => {
  const [int64, uint64] = ['9223372036854775808', '18446744073709551615']
  const large = [
    int64,
    `-${int64}`,
    '-9223372036854775809',
    uint64,
    `-${uint64}`,
    '18446744073709551616',
    `-${uint64}6`,
  ]
  const odd = ['-1', '-0', '+0', '+1', '00', '0x10', ' 0', '0 ', '\t0', '0\n', '0\0x', '', 'x', '1.5', '--1', '+-1']
  const scans = (cursor: string) => [
    ['SCAN', cursor],
    ...['HSCAN', 'SSCAN', 'ZSCAN'].flatMap(name => [
      [name, 'absent', cursor],
      [name, 'text', cursor],
    ]),
    ['SCAN', cursor, 'COUNT', '0'],
  ]
  const [alone = [], ...others] = [...large, ...odd].map(scans)
  await sides.same(...[alone, ...others].flatMap(([scan = []]) => [scan]))
  await sides.same(['SET', 'text', 'x'], ...[alone, ...others].flatMap(([, ...behind]) => behind))
})

test('a cursor that nobody knows begins anew', async () => {
  const { saola } = sides
  await saola.ask([['FLUSHALL']])
  await saola.ask(Array.from({ length: 30 }, (_, i) => ['SET', `key:${i}`, 'x']))
  const [all, behindUnknown] = await saola.ask([
    ['SCAN', '0', 'COUNT', '100'],
    ['SCAN', '4711', 'COUNT', '100'],
  ])
  assert.deepEqual(behindUnknown, all)
})

function textOf({ text = '' }: Node): string {
  return JSON.parse(text.slice(text.indexOf(' ') + 1)) as string
}

import { after, test } from 'node:test'
import fc from 'fast-check'
import { commandsOf, integer, key, odd, optionsOf, startSides, value } from '../../../test/support/side-by-side.ts'

const sides = await startSides({ after })
const behind = ['a', 'b', 'c', 'd'].flatMap(name => [
  ['GET', name],
  ['PTTL', name],
  ['STRLEN', name],
])

/** Times that are over, or will not be while a test runs; not above what JavaScript counts. */
const time = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('100', '5000', '100000', '4102444800', '4102444800000') },
  { weight: 2, arbitrary: fc.constantFrom('0', '-1', '-100', '1') },
  { weight: 1, arbitrary: fc.constantFrom('9223372036854775808', '', 'x', '1.5', '-9223372036854775808', '+5') },
)
const expiry = [
  ['EX', fc.constantFrom('100', '5000', '0', '-1', '9223372036854775807', '9223372036854775', 'x', '1.0')],
  ['PX', fc.constantFrom('100000', '9000000', '0', '-5', '9223372036854775807', '')],
  ['EXAT', time],
  ['PXAT', fc.constantFrom('4102444800000', '1', '0', '-7', ' 1')],
] as const
const wrongType = fc.constantFrom(
  ['HSET', 'a', 'f', '1'],
  ['RPUSH', 'b', 'x'],
  ['SADD', 'c', '1'],
  ['ZADD', 'd', '1', 'm'],
)

test('strings are set and read as in Redis', () =>
  sides.property(
    fc.oneof(
      {
        weight: 20,
        arbitrary: commandsOf(
          ['SET', key, value, optionsOf(['NX'], ['XX'], ['GET'], ['KEEPTTL'], ...expiry, ['PERSIST'], ['FOO'])],
          ['GET', key],
          ['GETSET', key, value],
          ['GETDEL', key],
          ['SETNX', key, value],
          ['GETEX', key, optionsOf(...expiry, ['PERSIST'], ['GET'])],
          ['SETEX', key, time, value],
          ['PSETEX', key, fc.constantFrom('100000', '0', '-1', '9223372036854775807', 'x'), value],
          ['MGET', key, key, key],
          ['MSET', key, value, key, value],
          ['MSETNX', key, value, key, value],
          ['EXISTS', key, key],
          ['DEL', key],
          ['TYPE', key],
          ['PTTL', key],
        ),
      },
      { weight: 1, arbitrary: wrongType },
    ),
    { runs: 400, behind },
  ))

const amount = fc.oneof(
  { weight: 3, arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 }).map(String) },
  { weight: 3, arbitrary: fc.integer({ min: -1000, max: 1000 }).map(number => String(number / 100)) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '1e17',
      '1e300',
      '-1e300',
      '1e4000',
      '1e-20',
      '3e-18',
      '0x1p-3',
      '0xA',
      '0.1',
      '0.2',
      '1e5000',
      '1e-5000',
      '.',
      'e',
      '1e',
      'infinit',
    ),
  },
  { weight: 2, arbitrary: odd },
)

test('numbers are counted as in Redis, to the last digit', () =>
  sides.property(
    fc.oneof(
      {
        weight: 20,
        arbitrary: commandsOf(
          ['INCR', key],
          ['DECR', key],
          ['INCRBY', key, integer],
          ['DECRBY', key, integer],
          ['INCRBYFLOAT', key, amount],
          ['SET', key, amount],
          ['SET', key, integer],
          ['GET', key],
        ),
      },
      { weight: 1, arbitrary: wrongType },
    ),
    { runs: 600, behind },
  ))

test('parts of strings are read and written as in Redis', () =>
  sides.property(
    fc.oneof(
      {
        weight: 20,
        arbitrary: commandsOf(
          ['SET', key, value],
          ['APPEND', key, value],
          ['STRLEN', key],
          ['GETRANGE', key, integer, integer],
          ['SUBSTR', key, integer, integer],
          [
            'SETRANGE',
            key,
            fc.oneof(
              fc.integer({ min: -2, max: 20 }).map(String),
              fc.constantFrom('9223372036854775807', '600000000', 'x', ''),
            ),
            value,
          ],
          ['LCS', key, key, optionsOf(['LEN'], ['IDX'], ['MINMATCHLEN', integer], ['WITHMATCHLEN'], ['FOO'])],
        ),
      },
      { weight: 1, arbitrary: wrongType },
    ),
    { runs: 400, behind },
  ))

const bit = fc.oneof({ weight: 8, arbitrary: fc.constantFrom('0', '1') }, { weight: 1, arbitrary: odd })
const offset = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: -1, max: 90 }).map(String) },
  { weight: 1, arbitrary: fc.constantFrom('', 'x', '-5', '4294967296', '9223372036854775807', '1.0') },
)
const unit = optionsOf(['BYTE'], ['BIT'])
const bytes = fc.uint8Array({ maxLength: 12 }).map(found => Buffer.from(found).toString('latin1'))

test('bits are as in Redis', () =>
  sides.property(
    fc.oneof(
      {
        weight: 20,
        arbitrary: commandsOf(
          ['SET', key, bytes],
          ['SETBIT', key, offset, bit],
          ['GETBIT', key, offset],
          ['BITCOUNT', key],
          ['BITCOUNT', key, integer, integer, unit],
          ['BITPOS', key, bit],
          ['BITPOS', key, bit, integer],
          ['BITPOS', key, bit, integer, integer, unit],
          ['BITOP', fc.constantFrom('AND', 'OR', 'XOR', 'NOT', 'xor', 'FOO'), key, key],
          ['BITOP', fc.constantFrom('AND', 'OR', 'XOR', 'NOT'), key, key, key],
        ),
      },
      { weight: 1, arbitrary: wrongType },
    ),
    { runs: 400, behind },
  ))

const type = fc.oneof(
  {
    weight: 10,
    arbitrary: fc
      .tuple(fc.constantFrom('u', 'i'), fc.integer({ min: 0, max: 65 }))
      .map(([letter, width]) => letter + width),
  },
  { weight: 1, arbitrary: fc.constantFrom('', 'x8', 'u', 'i08', 'i 8', 'u8x', 'I8') },
)
const place = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: -1, max: 70 }).map(String) },
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 6 }).map(number => `#${number}`) },
  { weight: 1, arbitrary: fc.constantFrom('', '#', '#-1', '4294967296', '#9223372036854775807', '99999999999') },
)

test('numbers within strings are as in Redis', () =>
  sides.property(
    fc.oneof(
      {
        weight: 20,
        arbitrary: commandsOf(
          ['SET', key, bytes],
          [
            'BITFIELD',
            key,
            optionsOf(
              ['GET', type, place],
              ['SET', type, place, integer],
              ['INCRBY', type, place, integer],
              ['OVERFLOW', fc.constantFrom('WRAP', 'sat', 'FAIL', 'x')],
            ),
          ],
          ['BITFIELD_RO', key, optionsOf(['GET', type, place], ['SET', type, place, integer])],
        ),
      },
      { weight: 1, arbitrary: wrongType },
    ),
    { runs: 500, behind },
  ))

test('of an absent key no range of bits is wrong, and of another one every word is looked at', async () => {
  const ranges = [['0'], ['x', '1'], ['0', '-1', 'WRONG'], ['0', '-1', ''], ['0', '-1', 'byte'], ['0', '1', 'BIT', 'x']]
  for (const name of ['absent', 'text', 'list']) {
    const counts = ranges.map(range => ['BITCOUNT', name, ...range])
    const places = ranges.map(range => ['BITPOS', name, '1', ...range])
    const before = [
      ['SET', 'text', 'abc'],
      ['RPUSH', 'list', 'x'],
    ]
    await sides.same(...before, ...counts, ...places, ['BITPOS', name, '2', 'x'])
  }
})

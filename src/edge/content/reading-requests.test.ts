import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { acceptedCodings, createEncodingOrder, refusesIdentity } from './accept-encoding.ts'
import { allowsRange, evaluateConditions } from './conditions.ts'
import { parseHttpDate } from './http-date.ts'
import { parseRanges } from './ranges.ts'

const size = 100

const ranges: Record<string, ReturnType<typeof parseRanges>> = {
  'bytes=0-9': [{ start: 0, end: 9 }],
  'Bytes=90-': [{ start: 90, end: 99 }],
  'bytes=-3': [{ start: 97, end: 99 }],
  'bytes=0-0': [{ start: 0, end: 0 }],
  'bytes=0-999': [{ start: 0, end: 99 }],
  'bytes=-999': [{ start: 0, end: 99 }],
  'bytes=5-99999999999999999999999999999999': [{ start: 5, end: 99 }],
  'bytes=0-1, 8-9': [
    { start: 0, end: 1 },
    { start: 8, end: 9 },
  ],
  'bytes=0-1,200-300': [{ start: 0, end: 1 }],
  'bytes=1-1,3-3,5-5,7-7,9-9': [1, 3, 5, 7, 9].map(start => ({ start, end: start })),
  'bytes=1-1,3-3,5-5,7-7,9-9,11-11': 'whole',
  'bytes=0-5,5-6': 'whole',
  'bytes=5-6,0-5': 'whole',
  'bytes=0-,0-': 'whole',
  'items=0-5': 'whole',
  'bytes 0-5': 'whole',
  '': 'whole',
  'bytes=9-2': 'unsatisfiable',
  'bytes=-0': 'unsatisfiable',
  'bytes=100-': 'unsatisfiable',
  'bytes=99999999999999999999999999999999-': 'unsatisfiable',
  'bytes=': 'whole',
  'bytes=-': 'unsatisfiable',
  'bytes=a-b': 'unsatisfiable',
  'bytes=0x1-5': 'unsatisfiable',
  'bytes=1.5-5': 'unsatisfiable',
  'bytes=--5': 'unsatisfiable',
}

test('ranges are read as RFC 9110 says, and many or overlapping ones are no wish', () => {
  for (const [header, expected] of Object.entries(ranges)) assert.deepEqual(parseRanges(header, size), expected, header)
  assert.equal(parseRanges('bytes=0-', 0), 'whole')
  assert.equal(parseRanges('bytes=-5', 0), 'whole')
  assert.equal(parseRanges('bytes=1-', 0), 'unsatisfiable')
})

test('whatever a Range header says, what is sent lies in the file and is no more than the file', () => {
  const part = fc
    .tuple(fc.nat(150), fc.constant('-'), fc.oneof(fc.nat(150), fc.constant('')))
    .map(words => words.join(''))
  const header = fc.oneof(
    fc.string(),
    fc.array(part).map(parts => `bytes=${parts.join(',')}`),
  )
  fc.assert(
    fc.property(header, fc.nat(120), (text, length) => {
      const parsed = parseRanges(text, length)
      if (typeof parsed === 'string') return
      assert.ok(parsed.length >= 1 && parsed.length <= 5)
      for (const { start, end } of parsed) assert.ok(start >= 0 && start <= end && end < length)
      assert.ok(parsed.reduce((sum, { start, end }) => sum + end - start + 1, 0) <= length)
    }),
  )
})

const changed = Date.UTC(1994, 10, 6, 8, 49, 37)
const validators = { etag: '"a"', lastModifiedMs: changed }
const same = 'Sun, 06 Nov 1994 08:49:37 GMT'
const before = 'Sun, 06 Nov 1994 08:49:36 GMT'
const later = 'Sun, 06 Nov 1994 08:49:38 GMT'

const conditions: [headers: Record<string, string>, status: 304 | 412 | undefined][] = [
  [{}, undefined],
  [{ 'if-match': '"a"' }, undefined],
  [{ 'if-match': '"b", "a"' }, undefined],
  [{ 'if-match': '*' }, undefined],
  [{ 'if-match': 'W/"a"' }, 412],
  [{ 'if-match': '"b"' }, 412],
  [{ 'if-match': 'a' }, 412],
  [{ 'if-match': '"a"', 'if-unmodified-since': before }, undefined],
  [{ 'if-unmodified-since': before }, 412],
  [{ 'if-unmodified-since': same }, undefined],
  [{ 'if-unmodified-since': 'yesterday' }, undefined],
  [{ 'if-none-match': '"a"' }, 304],
  [{ 'if-none-match': 'W/"a"' }, 304],
  [{ 'if-none-match': '*' }, 304],
  [{ 'if-none-match': ' , "b" ,W/"x,y", "a"' }, 304],
  [{ 'if-none-match': '"b"' }, undefined],
  [{ 'if-none-match': '"b"', 'if-modified-since': same }, undefined],
  [{ 'if-none-match': '' }, undefined],
  [{ 'if-modified-since': same }, 304],
  [{ 'if-modified-since': later }, 304],
  [{ 'if-modified-since': before }, undefined],
  [{ 'if-modified-since': '0' }, undefined],
  [{ 'if-match': '"b"', 'if-none-match': '"a"' }, 412],
  [{ 'if-unmodified-since': before, 'if-modified-since': same }, 412],
]

test('conditions are answered in the order of RFC 9110, 13.2.2', () => {
  for (const [headers, status] of conditions) {
    assert.equal(evaluateConditions(headers, validators), status, JSON.stringify(headers))
  }
})

test('a weak tag is enough to know a representation by, and not to change or to continue it', () => {
  const weak = { etag: 'W/"a"', lastModifiedMs: undefined }
  assert.equal(evaluateConditions({ 'if-none-match': '"a"' }, weak), 304)
  assert.equal(evaluateConditions({ 'if-none-match': 'W/"a"' }, weak), 304)
  assert.equal(evaluateConditions({ 'if-match': 'W/"a"' }, weak), 412)
  assert.equal(allowsRange('W/"a"', weak, changed), false)
  assert.equal(allowsRange('"a"', weak, changed), false)
  const nothing = { etag: undefined, lastModifiedMs: undefined }
  assert.equal(evaluateConditions({ 'if-none-match': '"undefined"', 'if-modified-since': same }, nothing), undefined)
  assert.equal(evaluateConditions({ 'if-modified-since': same }, nothing), undefined)
  assert.equal(allowsRange('nonsense', nothing, changed), false)
})

test('a part is only sent of the very version that If-Range names', () => {
  const now = changed + 60_000
  assert.equal(allowsRange(undefined, validators, now), true)
  assert.equal(allowsRange('"a"', validators, now), true)
  assert.equal(allowsRange('W/"a"', validators, now), false)
  assert.equal(allowsRange('"b"', validators, now), false)
  assert.equal(allowsRange(same, validators, now), true)
  assert.equal(allowsRange(later, validators, now), false)
  assert.equal(allowsRange(same, validators, changed + 500), false, 'it may have changed twice in that second')
  assert.equal(allowsRange('nonsense', validators, now), false)
})

test('a date has one of three forms, and all else is none', () => {
  for (const text of [same, 'Sunday, 06-Nov-94 08:49:37 GMT', 'Sun Nov  6 08:49:37 1994']) {
    assert.equal(parseHttpDate(text), changed, text)
  }
  assert.equal(parseHttpDate('Sat, 31 Dec 2016 23:59:60 GMT'), Date.UTC(2017, 0))
  const others = ['', '0', '1994-11-06', 'Sun, 06 Nov 1994 08:49:37', 'Sun, 06 Nov 1994 08:49:37 +0100']
  for (const text of [...others, 'Sun, 36 Nov 1994 08:49:37 GMT', 'Sun, 06 Nov 1994 28:49:37 GMT']) {
    assert.equal(parseHttpDate(text), undefined, text)
  }
})

const accepted: Record<string, string[]> = {
  '': [],
  gzip: ['gzip'],
  'gzip, deflate, br, zstd': ['br', 'zstd', 'gzip'],
  'br;q=0.5, gzip': ['gzip', 'br'],
  'br;q=0, *': ['zstd', 'gzip'],
  'BR, X-GZIP': ['br', 'gzip'],
  '*': ['br', 'zstd', 'gzip'],
  '*;q=0': [],
  'gzip;q=0.5, identity': [],
  'identity;q=1, *;q=0': [],
  'gzip;q=2': [],
  'gzip;q=-1': [],
  'gzip;q=abc': [],
  gzipped: [],
  ',,;;q=1': [],
}

test('what a client accepts is ordered by its quality values, then by ours', () => {
  const order = createEncodingOrder(['br', 'zstd', 'gzip'])
  // Twice: the second time it is remembered.
  for (const [header, expected] of [...Object.entries(accepted), ...Object.entries(accepted)]) {
    assert.deepEqual(order(header), expected, header)
  }
  assert.deepEqual(order(undefined), [])
})

test('clients that take the same codings are the same', () => {
  const cases: Record<string, string> = {
    'gzip, deflate, br': 'br, gzip',
    'br;q=0.1, x-gzip;q=1.0': 'br, gzip',
    'gzip;q=0, br; q = 0, *': 'zstd',
    'gzip;q=0.000': '',
    'gzip, *;q=0': 'gzip, identity;q=0',
    'identity;q=0, br': 'br, identity;q=0',
    '': '',
  }
  for (const [header, codings] of Object.entries(cases)) {
    assert.equal(acceptedCodings(header), codings, header)
    assert.equal(refusesIdentity(header), codings.includes('identity'), header)
  }
  assert.equal(refusesIdentity(undefined), false)
})

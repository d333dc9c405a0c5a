import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseTarget } from './target.ts'

const rules = { allowEncodedSlash: ['/files'], refuseSemicolon: false }

function read(text: string) {
  const target = parseTarget(text, 'GET', rules)
  return target && [target.path, target.encodedPath + target.search]
}

test('a path is decoded once, for those who compare it', () => {
  for (const [text, path, url = text] of [
    ['/', '/'],
    ['/a%20b', '/a b'],
    ['/%61%2D', '/a-', '/a-'],
    ['/%c3%a9?%c3%a9', '/é', '/%C3%A9?%c3%a9'],
    ['/\xc3\xa9?\xc3\xa9', '/é', '/%C3%A9?%C3%A9'],
    ['/a;b%3b', '/a;b;', '/a;b%3B'],
    ['/%252f', '/%2f'],
    ['/files/a%2fb', '/files/a%2Fb', '/files/a%2Fb'],
    ['/files/./a%2fb//c/', '/files/a%2Fb/c/', '/files/a%2Fb/c/'],
    ['/x/../files/a%2fb', '/files/a%2Fb', '/files/a%2Fb'],
  ] as const) {
    assert.deepEqual(read(text), [path, url], text)
  }
})

test('what can be read in two ways is no target', () => {
  const texts = [
    '',
    'a',
    '*',
    '?',
    '/a b\t',
    '/\x7f',
    '/%ff',
    '/%c0%ae',
    '/%f4%90%80%80',
    '/%ed%a0%80',
    '/a%2f',
    '/Ā',
    '/?Ā',
  ]
  for (const text of [...texts, '/files/%252f', '/files/a%2f..', '/files/..%2Fa', '/..;', '/%2e%2e;a', '/?\x01']) {
    assert.equal(read(text), undefined, JSON.stringify(text))
  }
})

test('the canonical form is its own canonical form, and means the same', () => {
  const piece = fc.oneof(
    fc.constantFrom('/', '/', '//', '.', '..', '/files/', '%2f', '%2e', '%25', '%252f', '%c3%a9', ';', '?', '#', '\\'),
    fc.integer({ min: 0, max: 255 }).map(code => `%${code.toString(16).padStart(2, '0')}`),
    fc.integer({ min: 0x21, max: 255 }).map(code => String.fromCharCode(code)),
  )
  const text = fc.array(piece, { maxLength: 12 }).map(pieces => `/${pieces.join('')}`)
  fc.assert(
    fc.property(text, raw => {
      const target = parseTarget(raw, 'GET', rules)
      if (!target) return
      assert.match(target.encodedPath + target.search, /^\/[!-~]*$/)
      assert.ok(!target.path.includes('//') && !/\/\.\.?(?:\/|$)/.test(target.path), target.path)
      assert.deepEqual(parseTarget(target.encodedPath + target.search, 'GET', rules), target)
      if (!target.path.startsWith('/files/')) assert.equal(decodeURIComponent(target.encodedPath), target.path)
    }),
    { numRuns: 5_000 },
  )
})

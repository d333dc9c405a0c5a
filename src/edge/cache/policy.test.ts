import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseCacheControl } from './cache-control.ts'
import { baseKey, variantKey } from './cache-key.ts'
import { MemoryCache } from './memory.ts'
import { cacheOptions } from './options.ts'
import { judge } from './policy.ts'
import { isMeant, Purges } from './purges.ts'

const now = Date.parse('2026-01-01T00:00:00Z')

function ruleOf(rule: object = {}) {
  const [parsed] = cacheOptions.parse([{ path: '/', ...rule }]).rules
  assert.ok(parsed)
  return parsed
}

const rule = ruleOf({ ttl: '10s', grace: '20s', staleIfError: '30s' })

function judged(headers: Record<string, string>, status = 200) {
  const verdict = judge({ status, headers }, rule, now)
  if (!verdict.isKept) return verdict.reason
  return [verdict.freshMs, verdict.graceMs, verdict.staleIfErrorMs].map(ms => ms / 1_000)
}

test('how long an answer is fresh, in grace, and good enough when there is no other', () => {
  const cases: [Record<string, string>, unknown][] = [
    [{}, [10, 20, 30]],
    [{ 'cache-control': '' }, [10, 20, 30]],
    [{ 'cache-control': 'public' }, [10, 20, 30]],
    [{ 'cache-control': 'max-age=100' }, [100, 20, 30]],
    [{ 'cache-control': ' , MAX-AGE="100" ,' }, [100, 20, 30]],
    [{ 'cache-control': 'max-age=100, max-age=100' }, [100, 20, 30]],
    [{ 'cache-control': 'max-age=100', age: '40' }, [60, 20, 30]],
    [{ 'cache-control': 'max-age=100', date: 'Wed, 31 Dec 2025 23:59:30 GMT' }, [70, 20, 30]],
    [{ 'cache-control': 'max-age=100', date: 'Thu, 01 Jan 2026 00:01:00 GMT' }, [100, 20, 30]],
    [{ 'cache-control': 'max-age=1', date: 'Wed, 31 Dec 2025 23:59:59 GMT' }, [1, 20, 30]],
    [{ 'cache-control': 'max-age=1', date: 'Wed, 31 Dec 2025 23:59:58 GMT' }, 'expired'],
    [{ 'cache-control': 'max-age=1, s-maxage=100' }, [100, 0, 0]],
    [{ 'cache-control': 's-maxage=100, stale-while-revalidate=5, stale-if-error=6' }, [100, 5, 6]],
    [{ 'cache-control': 'max-age=100, must-revalidate, stale-while-revalidate=5' }, [100, 0, 0]],
    [{ 'cache-control': 'max-age=99999999999999999999' }, [7 * 86_400, 20, 30]],
    [{ expires: 'Thu, 01 Jan 2026 00:01:00 GMT' }, [60, 20, 30]],
    [{ expires: 'Thu, 01 Jan 2026 00:01:00 GMT', 'cache-control': 'max-age=5' }, [5, 20, 30]],
    [{ expires: 'Thu, 01 Jan 2026 00:01:00 GMT', date: 'Wed, 31 Dec 2025 23:59:50 GMT' }, [60, 20, 30]],
    [{ expires: 'soon' }, 'expired'],
    [{ 'cache-control': 'max-age=-1' }, 'unreadable'],
    [{ 'cache-control': 'max-age' }, 'unreadable'],
    [{ 'cache-control': 'max-age=5, stale-while-revalidate=x' }, 'unreadable'],
    [{ 'cache-control': 'max-age =5' }, 'cache-control'],
    [{ 'cache-control': 'max-age="5' }, 'cache-control'],
    [{ 'cache-control': 'max-age=5 private' }, 'cache-control'],
    [{ 'cache-control': 'no-store="x"' }, 'no-store'],
    [{ 'cache-control': 'no-cache="set-cookie"' }, 'no-cache'],
    [{ 'x-accel-redirect': '/internal/a', 'cache-control': 'max-age=100' }, 'internal'],
    [{ 'x-sendfile': '/internal/a' }, 'internal'],
    [{ 'cache-control': 'public, Private' }, 'private'],
    [{ vary: 'accept-ENCODING,  Accept' }, [10, 20, 30]],
    [{ vary: 'accept,*' }, 'vary'],
  ]
  for (const [headers, expected] of cases) assert.deepEqual(judged(headers), expected, JSON.stringify(headers))
})

test('however private is written, it is not kept', () => {
  const spelling = (word: string) =>
    fc
      .array(fc.boolean(), { minLength: word.length, maxLength: word.length })
      .map(upper => [...word].map((letter, i) => (upper[i] ? letter.toUpperCase() : letter)).join(''))
  const forbidding = fc.constantFrom('private', 'no-store', 'no-cache').chain(spelling)
  const argument = fc.constantFrom('', '=x', '=""', '="a, b"', '="a\\"b"')
  const other = fc.constantFrom('', 'public', 'max-age=100', 's-maxage=5', 'x="private"', 'immutable', 'ext=1')
  const separator = fc.constantFrom(',', ', ', ' ,\t', ',,')
  fc.assert(
    fc.property(fc.array(other), forbidding, argument, fc.array(other), separator, (before, word, value, after, by) => {
      const text = [...before, word + value, ...after].join(by)
      assert.equal(judge({ status: 200, headers: { 'cache-control': text } }, rule, now).isKept, false, text)
    }),
  )
})

test('any text is read without an error, and a broken one is no list', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary-ascii' }), text => {
      const read = parseCacheControl(text)
      for (const name of read?.keys() ?? []) assert.match(name, /^[^\s,;="A-Z]+$/)
    }),
  )
  assert.equal(parseCacheControl('a'.repeat(5_000)), undefined)
  for (const broken of ['a b', 'a=', 'a="', 'a="b"c', '=a', 'a;b', 'a\0', 'a=b=c']) {
    assert.equal(parseCacheControl(broken), undefined, broken)
  }
})

test('no two addresses and no two variants have one key', () => {
  const part = fc.string({ unit: fc.constantFrom('a', '"', ',', '[', '\\', '?', ':', '|'), maxLength: 4 })
  const parts = fc.tuple(part, part, part, part)
  const keyOf = ([scheme, host, encodedPath, search]: string[]) =>
    baseKey('r', { scheme, host, encodedPath } as unknown as Parameters<typeof baseKey>[1], search ?? '')
  fc.assert(fc.property(parts, parts, (a, b) => assert.equal(keyOf(a) === keyOf(b), a.join('\0') === b.join('\0'))))
  const variantOf = (a: string | undefined, b: string | undefined) =>
    variantKey(['a', 'b'], { headers: { a, b } } as unknown as Parameters<typeof variantKey>[1])
  assert.notEqual(variantOf('x","y', undefined), variantOf('x', 'y'))
  assert.notEqual(variantOf('', undefined), variantOf(undefined, ''))
  assert.equal(variantOf('x'.repeat(3_000), undefined), undefined)
})

test('memory is bounded, and what is used stays', () => {
  const memory = new MemoryCache(200_000)
  const entry = (key: string, size: number) =>
    ({
      type: 'answer',
      key,
      host: '',
      path: key,
      startedAt: 0,
      headers: [],
      body: Buffer.alloc(size),
      tags: [],
    }) as never
  memory.put('hot', [], '', entry('hot', 10_000))
  for (let i = 0; i < 1_000; i++) {
    memory.put(`cold ${i}`, [], '', entry(`cold ${i}`, 10_000))
    assert.ok(memory.bytes <= 200_000)
    assert.ok(memory.get('hot'), `after ${i}`)
  }
  assert.ok(memory.size > 5)
  memory.put('huge', [], '', entry('huge', 300_000))
  assert.equal(memory.get('huge'), undefined)
  for (let i = 0; i < 1_000; i++) memory.put('varied', ['a'], String(i), entry('varied', 10))
  assert.ok((memory.get('varied')?.variants.size ?? 0) <= 64)
  memory.removeWhere(() => true)
  assert.deepEqual([memory.size, memory.bytes], [0, 0])
})

test('a purge means what was asked for before it, by whole segments', () => {
  const kept = { path: '/blog/1', startedAt: 100, tags: ['a'] }
  const purge = (kind: 'path' | 'prefix' | 'tag' | 'all', value: string, at = 100) =>
    isMeant({ id: kind + value + at, kind, value, at }, kept)
  assert.ok(purge('path', '/blog/1') && purge('prefix', '/blog') && purge('prefix', '/blog/') && purge('prefix', '/'))
  assert.ok(purge('tag', 'a') && purge('all', ''))
  assert.ok(!purge('path', '/blog') && !purge('prefix', '/blo') && !purge('tag', 'b') && !purge('all', '', 99))
  const purges = new Purges(1_000)
  for (let i = 0; i < 2_000; i++) purges.add({ id: String(i), kind: 'path', value: `/${i}`, at: 50 })
  assert.ok(purges.means({ path: '/0', startedAt: 50 }), 'none is forgotten, however many there are')
  assert.ok(!purges.means({ path: '/0', startedAt: 51 }))
})

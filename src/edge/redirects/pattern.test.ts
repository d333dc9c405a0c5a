import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseTarget } from '../canonical/target.ts'
import { fillTemplate, readPattern, readTemplate } from './pattern.ts'
import { createPatternTable } from './pattern-table.ts'

const rules = { allowEncodedSlash: [], refuseSemicolon: false }

function fill(pattern: string, to: string, target: string): string | undefined {
  const { path, encodedPath } = parseTarget(target, 'GET', rules) ?? assert.fail(target)
  const found = createPatternTable([[pattern, to]]).find(path, encodedPath)
  return found && fillTemplate(readTemplate(to, pattern, { allowsOrigin: true }), found.values)
}

test('a segment or the rest of a path is captured as it is encoded', () => {
  assert.equal(fill('/old/:id', '/new/:id', '/old/5'), '/new/5')
  assert.equal(fill('/old/:id', '/new/:id', '/old/a%3Bb;c%20d%C3%A9'), '/new/a%3Bb;c%20d%C3%A9')
  assert.equal(fill('/blog/**:rest', '/posts/:rest', '/blog/a/b/'), '/posts/a/b/')
  assert.equal(fill('/blog/**:rest', '/posts/**:rest', '/blog/a'), '/posts/a')
  assert.equal(fill('/:a/x/:b', '/:b-:a.html', '/1/x/2'), '/2-1.html')
  assert.equal(
    fill('/old/:id', '/new?id=:id&x=1', '/old/5%26admin=1&b;c=%2B'),
    '/new?id=5%26admin%3D1%26b%3Bc%3D%2B&x=1',
  )
  assert.equal(fill('/old/**', '/new', '/old/a/b'), '/new')
  assert.equal(fill('/old/:id', '/new', '/old/a/b'), undefined)
  assert.equal(fill('/old', '/new', '/older'), undefined)
  assert.equal(fill('/über/:x', '/ü/:x', '/%C3%BCber/1'), '/%C3%BC/1')
})

test('two stars are any number of segments, with a name one at least', () => {
  const taken = (pattern: string) =>
    ['/b', '/b/', '/b/c', '/b/c/d/', '/bc', '/'].filter(path => fill(pattern, '/to', path) !== undefined)
  assert.deepEqual(taken('/b/**'), ['/b', '/b/', '/b/c', '/b/c/d/'])
  assert.deepEqual(taken('/b/**:rest'), ['/b/c', '/b/c/d/'])
  assert.deepEqual(taken('/b/:id'), ['/b/c'])
  assert.deepEqual(taken('/b'), ['/b', '/b/'])
})

test('what a pattern matches does not depend on what other patterns begin with', () => {
  const segment = fc.constantFrom('a', 'A', 'b.c', 'über', 'a b', '~x')
  const last = fc.constantFrom('a', 'b.c', ':id', '**:rest')
  const patterns = fc.array(fc.tuple(segment, last), { minLength: 1, maxLength: 4 })
  const paths = fc.array(segment, { minLength: 1, maxLength: 3 })
  // Its first segment may be any, so that no path is turned down by that alone.
  const open = '/:any/never/asked/for'
  fc.assert(
    fc.property(patterns, paths, fc.boolean(), (made, segments, endsInSlash) => {
      const all = [...new Set(made.map(parts => `/${parts.join('/')}`).filter(text => !/ /.test(text)))]
      const path = `/${segments.join('/')}${endsInSlash ? '/' : ''}`
      const encoded = encodeURI(path)
      const [alone, together] = [all, [...all, open]].map(list => createPatternTable(list.map(text => [text, text])))
      assert.deepEqual(alone?.find(path, encoded), together?.find(path, encoded))
    }),
  )
})

test('the most specific pattern counts, whatever the order and the names', () => {
  const table = createPatternTable(
    ['/**:rest', '/a/:id', '/a/b', '/__proto__', '/constructor/:x', '/a/**:rest'].map(pattern => [pattern, pattern]),
  )
  const find = (path: string) => table.find(path, path)?.data
  assert.deepEqual(['/a/b', '/a/c', '/a/b/c', '/x/y', '/__proto__', '/constructor/1', '/toString'].map(find), [
    '/a/b',
    '/a/:id',
    '/a/**:rest',
    '/**:rest',
    '/__proto__',
    '/constructor/:x',
    '/**:rest',
  ])
})

test('what is no pattern is refused', () => {
  for (const pattern of [
    'old',
    '/a//b',
    '/**/b',
    '/:a/:a',
    '/a/../b',
    '/a/(.*)+',
    '/:a(\\d+)',
    '/:a?',
    '/:a+',
    '/a*',
    '/{a}',
    '/a b',
    '/a\\b',
    '/:1',
  ]) {
    assert.throws(() => readPattern(pattern), /expected a path such as/, pattern)
  }
})

test('what is no target is refused, and a host is never captured', () => {
  const read = (to: string, allowsOrigin = true) => readTemplate(to, '/a/:id', { allowsOrigin })
  for (const to of [
    '//evil.example',
    '/\\evil.example',
    'evil.example',
    '',
    'https://:id/x',
    'https://:id.example.com/',
    'https://user@example.com/',
    'https://example.com:/',
    'javascript:alert(1)',
    'ftp://example.com/',
    '/new/:other',
    '/a\r\nSet-Cookie: x=1',
    '/a b',
  ]) {
    assert.throws(() => read(to), /expected a path or a URL/, to)
  }
  assert.throws(() => read('https://example.com/', false), /another host/)
  assert.deepEqual(read('https://example.com:8443/x/:id?y=:id#z').origin, 'https://example.com:8443')
  assert.equal(read('https://example.com').parts.join(''), '/')
})

test('whatever is asked for, a redirect stays on its host and in its path', () => {
  const nasty = fc.constantFrom(
    '..',
    '.',
    '',
    '//',
    '\\',
    '%5c',
    '%2f',
    '%2e%2e',
    '@',
    ':',
    'evil.example',
    '%0d%0a',
    'a',
    '%00',
    '?',
    '#',
    ';',
    '%25',
  )
  const targets = fc.array(nasty, { maxLength: 8 }).map(parts => `/go/${parts.join('/')}`)
  fc.assert(
    fc.property(
      targets,
      fc.constantFrom('/:rest', '/x:rest', '/.:rest', '/..:rest', '/new/:rest', '/a?b=:rest'),
      (target, to) => {
        const asked = parseTarget(target, 'GET', rules)
        const found = asked && createPatternTable([['/go/**:rest', 0]]).find(asked.path, asked.encodedPath)
        if (!found) return
        const filled = fillTemplate(readTemplate(to, '/go/**:rest', { allowsOrigin: false }), found.values)
        const made = parseTarget(filled, 'GET', rules)
        if (!made) return
        const url = new URL(made.encodedPath + made.search, 'https://own.example')
        assert.equal(url.host, 'own.example')
        assert.equal(url.pathname, made.encodedPath)
        assert.match(made.encodedPath + made.search, /^\/(?![/\\])[!-~]*$/)
      },
    ),
    { numRuns: 2_000 },
  )
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startWork } from '../../test/support/busy-machine.ts'
import { foldPath, readingsOf, readingsOfRequest } from './readings.ts'
import { createRouteTable, createRouteTest } from './routes.ts'

test('a path is taken for all that a program may make of it, in any order', () => {
  assert.deepEqual(readingsOf('/admin/a b~x'), ['/admin/a b~x'])
  assert.deepEqual(readingsOf('/Admin'), ['/Admin', '/admin'])
  const readings = readingsOf('/Files%2Fa;%2Fb')
  for (const reading of ['/Files%2Fa;%2Fb', '/Files/a;/b', '/Files/a/b', '/Files/a', '/files/a', '/files/a/b']) {
    assert.ok(readings.includes(reading), `${reading} in ${readings.join(' ')}`)
  }
  for (const path of ['/;x/admin', '/ＡＤＭＩＮ', '/admın', '/admin；x', '/x%2f%2fadmin', '/;%2Fadmin']) {
    assert.ok(
      readingsOf(path).some(reading => /^\/(?:x\/)?admin$/.test(reading)),
      `${path}: ${readingsOf(path).join(' ')}`,
    )
  }
})

test('the longest path with the most letters that are read in more than one way has few readings', () => {
  const work = startWork()
  assert.ok(readingsOf('/Ａ%2F;ﷺ'.repeat(1_000)).length < 32)
  assert.ok(work() < 500)
})

test('a rule counts for readings of what is asked for and of where a rewrite leads', () => {
  const target = { path: '/Admin', encodedPath: '/Admin', search: '' }
  assert.deepEqual(readingsOfRequest({ path: '/x', rewrite: { target } }), ['/x', '/Admin', '/admin'])
  assert.deepEqual(readingsOfRequest({ path: '/x', rewrite: { target: undefined } }), ['/x'])
})

test('of each reading the rule with the longest path is found, and that there is none', () => {
  const [open, closed, capital, posts] = [
    { path: '/files/private/public' },
    { path: '/files/private' },
    { path: '/Photos' },
    { path: '/posts', methods: ['POST'] },
  ]
  const table = createRouteTable([closed, open, capital, posts])
  const find = (path: string, method = 'GET') => [...table.find(readingsOf(path), method)]
  assert.deepEqual(find('/files/private/x'), [closed])
  assert.deepEqual(find('/files/private/public/x'), [open])
  assert.deepEqual(find('/files%2Fprivate'), [undefined, closed])
  // Who decodes the slash and knows capitals sees what only the first rule is about.
  assert.deepEqual(find('/files%2Fprivate/PUBLIC'), [undefined, closed, open])
  assert.deepEqual(find('/files/private/public;x'), [closed, open])
  // A rule with capitals holds for its own path in every reading.
  assert.deepEqual(find('/Photos/x'), [capital])
  assert.deepEqual(find('/photos/x'), [undefined, capital])
  // A slash at its end makes no rule longer: the first that is written counts.
  const [first, second] = [{ path: '/a' }, { path: '/a/' }]
  assert.deepEqual([...createRouteTable([first, second]).find(['/a/x'], 'GET')], [first])
  assert.deepEqual([find('/posts'), find('/Posts', 'POST')], [[undefined], [undefined, posts]])
})

test('a rule beside others holds for any reading, and HEAD is GET', () => {
  const holds = createRouteTest({ path: '/Über', methods: ['GET'] })
  for (const path of ['/Über', '/über/x', '/ÜBER;x', '/u\u0308ber']) assert.ok(holds(readingsOf(path), 'HEAD'), path)
  assert.equal(holds(readingsOf('/über'), 'POST'), false)
  assert.equal(holds(readingsOf('/überx'), 'GET'), false)
  assert.equal(foldPath('/Über;x'), '/über')
})

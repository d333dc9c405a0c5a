/** Traversal and the bypass of guards: every path has one form, and what could be read in two ways is refused. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { forEachCase, startOnEveryProtocol } from './support/every-protocol.ts'
import { pathCases } from './support/odd-paths.ts'
import { ask, startEcho } from './support/odd-requests.ts'

test('every target has one form, or none, over every protocol', async t => {
  const { protocols } = await startOnEveryProtocol(t, { edge: { paths: { allowEncodedSlash: ['/files'] } } })
  await forEachCase(
    protocols,
    pathCases,
    async (protocol, [target, result, { method = 'GET', http2 = result } = {}]) => {
      const { status, seen } = await protocol.ask({ target, method })
      const expected = protocol.isHttp2 ? http2 : result
      assert.equal(seen ? seen.url : status, expected, `${protocol.name}: ${method} ${target.slice(0, 100)}`)
    },
  )
})

test('a semicolon is refused where that is asked for', async t => {
  const tree = await startEcho(t, { paths: { semicolon: 'refuse', maxBytes: 100 } })
  assert.equal((await ask(tree.url, { target: '/admin;x=1/users' })).status, 400)
  assert.equal((await ask(tree.url, { target: '/admin%3bx=1/users' })).status, 400)
  assert.equal((await ask(tree.url, { target: '/admin?x;y' })).status, 200)
  assert.equal((await ask(tree.url, { target: `/${'a'.repeat(100)}` })).status, 414)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createExemption } from './exempt.ts'
import { overloadOptions } from './options.ts'

const given = overloadOptions.parse({ exempt: ['/healthz', '/status'] })

test('the path where readiness is asked for is exempt, and nothing below or beside it', () => {
  const isExempt = createExemption(given, { readyPath: '/ready' })
  assert.equal(isExempt({ path: '/ready' }), true)
  for (const path of ['/ready/x', '/ready/', '/READY', '/ready;x', '/readyx', '/']) {
    assert.equal(isExempt({ path }), false, path)
  }
  const atRoot = createExemption(given, { readyPath: '/' })
  assert.deepEqual([atRoot({ path: '/' }), atRoot({ path: '/shop' })], [true, false])
})

test('a path for readiness with a query or in another form is that of the request that asks for it', () => {
  for (const readyPath of ['/ready?full=1', '/re%61dy', '/x/../ready', '//ready']) {
    assert.equal(createExemption(given, { readyPath })({ path: '/ready' }), true, readyPath)
  }
})

test('exempt are given paths and what is below them, by the path that was asked for', () => {
  const isExempt = createExemption(given, { readyPath: undefined })
  for (const path of ['/healthz', '/healthz/deep', '/status']) assert.equal(isExempt({ path }), true, path)
  for (const path of ['/healthzx', '/HEALTHZ', '/healthz;x', '/']) assert.equal(isExempt({ path }), false, path)
  // Also without a section for overload: requests in flight have limits of their own.
  const byDefault = createExemption(undefined, { readyPath: undefined })
  assert.deepEqual([byDefault({ path: '/healthz' }), byDefault({ path: '/status' })], [true, false])
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { get } from './api-client.ts'

/** What is asked for is answered, and the body of the answer breaks off like this. */
function breakOff(t: { mock: typeof import('node:test').mock }, error: Error) {
  t.mock.method(globalThis, 'fetch', async () => ({ ok: true, status: 200, json: () => Promise.reject(error) }))
}

test('an answer that breaks off in the middle is none, and only one that is no JSON is not understood', async t => {
  breakOff(t, new DOMException('ended', 'TimeoutError'))
  await assert.rejects(get('/api/edge'), { code: 'UNREACHABLE', message: 'There was no answer within 30 s.' })
  breakOff(t, new TypeError('network error'))
  await assert.rejects(get('/api/edge'), { code: 'UNREACHABLE' })
  breakOff(t, new SyntaxError('no JSON'))
  await assert.rejects(get('/api/edge'), { code: 'UNREADABLE' })
})

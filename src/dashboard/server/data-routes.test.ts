/** What the routes of store and tasks take and refuse; what becomes of it is told in processes/monitor-store.test.ts. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DashboardContext } from './context.ts'
import { errorBody, statusOf } from './refusal.ts'
import type { ApiRequest } from './route.ts'
import { storeRoutes } from './store-routes.ts'
import { taskRoutes } from './task-routes.ts'
import { TopicStream } from './topic-stream.ts'

/** Asks a route; answers what its port was given. */
async function ask(method: string, address: string, body: object = {}, isTaskless = false): Promise<unknown> {
  const url = new URL(address, 'http://dashboard')
  const route = [...storeRoutes, ...taskRoutes].find(one => one.method === method && one.path === url.pathname)
  assert.ok(route, address)
  const given: unknown[] = []
  const port = new Proxy({}, { get: () => (input: unknown) => Promise.resolve(given.push(input)) })
  const context = { store: port, tasks: isTaskless ? undefined : port } as unknown as DashboardContext
  const request = { query: url.searchParams, body, user: 'ann' } as unknown as ApiRequest
  await route.handle(request, context)
  return given[0]
}

const refused = (message: RegExp) => ({ code: 'ERR_USAGE', message })

test('keys, a key and jobs are asked for as the address says', async () => {
  assert.deepEqual(await ask('GET', '/api/store/keys'), { prefix: '', after: undefined })
  assert.deepEqual(await ask('GET', '/api/store/keys?prefix=a%20%C3%BC&after=x'), { prefix: 'a ü', after: 'x' })
  assert.deepEqual(await ask('GET', '/api/store/key?id='), { id: '', after: undefined })
  assert.deepEqual(await ask('GET', '/api/tasks/jobs?state=dead&task=__proto__&queue=q'), {
    ...{ state: 'dead', task: '__proto__', queue: 'q', after: undefined },
  })
})

test('what is missing, of another type or too long is refused before the store is asked', async () => {
  const longId = 'x'.repeat(90 * 1024 + 1)
  await assert.rejects(ask('GET', '/api/store/key'), refused(/^id expected a text, got nothing/))
  await assert.rejects(ask('GET', `/api/store/key?id=${longId}`), refused(/^id expected at most 92160 characters/))
  await assert.rejects(ask('POST', '/api/store/set', { id: 'YQ' }), refused(/^value expected a text, got nothing/))
  await assert.rejects(ask('POST', '/api/store/set', { id: 'YQ', value: {} }), refused(/^value expected a text/))
  await assert.rejects(ask('POST', '/api/store/set', { id: 'YQ', value: '', asText: 1 }), refused(/^asText/))
  await assert.rejects(ask('POST', '/api/store/delete', { id: 1 }), refused(/^id expected a text, got a number/))
  await assert.rejects(ask('POST', '/api/store/delete', { id: 'a', was: ['x'] }), refused(/^was/))
  // The answer is written into the log, and what was sent may be a secret.
  const secret = { id: 'YQ', value: ['hunter2'] }
  await assert.rejects(ask('POST', '/api/store/set', secret), refused(/^value expected a text, got a list\.$/))
  for (const ttlMs of [undefined, 0, -1, 1.5, '5', Number.MAX_SAFE_INTEGER]) {
    await assert.rejects(
      ask('POST', '/api/store/expire', { id: 'YQ', ttlMs }),
      refused(/^ttlMs expected null or a whole/),
    )
  }
  await assert.rejects(ask('GET', '/api/tasks/jobs?state=gone'), refused(/^state expected "scheduled" or/))
  for (const ids of [undefined, 'a', [], [1], [''], Array(201).fill('a'), ['x'.repeat(65)]]) {
    await assert.rejects(ask('POST', '/api/tasks/cancel', { ids }), refused(/^ids/))
  }
  await assert.rejects(ask('POST', '/api/tasks/retry', {}), refused(/^all expected "dead"/))
  await assert.rejects(ask('POST', '/api/tasks/retry', { all: 'done' }), refused(/^all expected "dead"/))
  await assert.rejects(ask('POST', '/api/tasks/pause', { queue: 'x'.repeat(1025) }), refused(/^queue/))
})

test('only what is known of an input goes on to the store', async () => {
  const input = { id: 'YQ', field: '__proto__', value: '', was: 'x', evil: 1 }
  assert.deepEqual(await ask('POST', '/api/store/set', input), {
    ...{ id: 'YQ', field: '__proto__', value: '', was: 'x', asText: false },
  })
  assert.deepEqual(await ask('POST', '/api/store/expire', { id: 'YQ', ttlMs: null, x: 1 }), { id: 'YQ', ttlMs: null })
  assert.deepEqual(await ask('POST', '/api/tasks/retry', { all: 'dead', queue: 'q', x: 1 }), {
    all: 'dead',
    queue: 'q',
  })
  assert.deepEqual(await ask('POST', '/api/tasks/remove', { ids: ['a'], all: 'dead' }), { ids: ['a'] })
})

test('a tree without tasks says so', async () => {
  await assert.rejects(ask('GET', '/api/tasks', {}, true), refused(/runs no tasks/))
})

test('all that changes something is marked, and the log is told of what, never of values', () => {
  for (const { method, changes, target, path } of [...storeRoutes, ...taskRoutes]) {
    assert.equal(changes === true, method === 'POST', path)
    assert.equal(target !== undefined, method === 'POST', path)
  }
  const targetOf = (path: string, body: object) =>
    [...storeRoutes, ...taskRoutes].find(route => route.path === path)?.target?.(body as never)
  const id = Buffer.from('user:1').toString('base64url')
  assert.equal(targetOf('/api/store/set', { id, value: 'secret', was: 'secret' }), 'user:1')
  assert.equal(targetOf('/api/tasks/cancel', { ids: ['a', 'b', 'c'] }), 'a and 2 more')
  assert.equal(targetOf('/api/tasks/retry', { all: 'dead' }), 'all dead')
  assert.equal(targetOf('/api/tasks/pause', { queue: 5 }), undefined)
})

test('errors of the store have their own codes, and a status that fits', () => {
  const error = (code: unknown) => Object.assign(new Error('why'), { code })
  assert.deepEqual(errorBody(error('STORE_CONFLICT')), {
    error: { code: 'STORE_CONFLICT', message: 'why', problems: [] },
  })
  const codes = ['STORE_CONFLICT', 'STORE_UNAVAILABLE', 'STORE_TIMEOUT', 'STORE_VALUE_INVALID', 'ENOENT', 5]
  assert.deepEqual(
    codes.map(code => statusOf(error(code))),
    [409, 503, 503, 400, 500, 500],
  )
  assert.equal(errorBody(error('ENOENT')).error.code, 'ERR_INTERNAL')
})

test('more messages than one can look at are counted and left out', t => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const sent: [string, unknown][] = []
  let close = () => {}
  let ended = 0
  const stream = {
    send: (name: string, data: unknown) => sent.push([name, data]) > 0,
    onClose: (done: () => void) => (close = done),
  }
  const topics = new TopicStream(stream, () => ended++)
  const message = { at: 1, topic: 't', message: 'x', isCut: false }
  for (let i = 0; i < 130; i++) topics.hear(message)
  assert.equal(sent.length, 100)
  t.mock.timers.tick(250)
  assert.deepEqual(sent.at(-1), ['gap', { missed: 30 }])
  topics.hear(message)
  assert.deepEqual(sent.at(-1), ['message', message])
  topics.miss()
  assert.deepEqual(sent.at(-1), ['gap', { missed: 0 }])
  close()
  assert.equal(ended, 1)
})

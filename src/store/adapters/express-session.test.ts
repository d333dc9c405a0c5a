import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import express from 'express'
import session, { type SessionData } from 'express-session'
import { createTestStore } from '../test-store.ts'
import { sessionStore } from './express-session.ts'

declare module 'express-session' {
  interface SessionData {
    visits: number
    since: Date
  }
}

const dayMs = 86_400_000

function open(options: { ttl?: string } = {}) {
  const { store, clock } = createTestStore()
  const sessions = sessionStore<session.Store, SessionData>(session, { store, ...options })
  return { store, clock, sessions, map: store.map<SessionData>('sessions') }
}

function dataOf(cookie: object, visits = 1): SessionData {
  return { cookie, visits } as SessionData
}

/** An application that counts visits; `fetch` of its addresses, with the cookie of before. */
async function serve(t: TestContext, sessions: session.Store, cookie: session.CookieOptions = {}) {
  const app = express()
  // Writes no errors.
  app.set('env', 'test')
  app.use(session({ store: sessions, secret: 'secret', resave: false, saveUninitialized: false, cookie }))
  app.get('/visit', ({ session }, response) => {
    session.visits = (session.visits ?? 0) + 1
    response.json(session.visits)
  })
  app.get('/look', ({ session }, response) => void response.json(session.visits ?? null))
  app.get('/leave', (request, response, next) =>
    request.session.destroy(error => (error ? next(error) : response.json('left'))),
  )
  app.get('/renew', (request, response, next) =>
    request.session.regenerate(error => (error ? next(error) : response.json(request.session.visits ?? null))),
  )
  const server = app.listen(0)
  await once(server, 'listening')
  t.after(() => server.close().closeAllConnections())
  let sent = ''
  return async (path: string): Promise<unknown> => {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`
    const response = await fetch(url, { headers: sent ? { cookie: sent } : {} })
    sent = response.headers.getSetCookie()[0]?.split(';')[0] ?? sent
    return response.status === 200 ? response.json() : response.status
  }
}

test('a session lives from one request to the next', async t => {
  const { sessions, map } = open()
  const get = await serve(t, sessions)
  assert.equal(await get('/look'), null)
  assert.equal(await map.size(), 0)
  assert.equal(await get('/visit'), 1)
  assert.equal(await get('/visit'), 2)
  assert.equal(await get('/look'), 2)
  assert.equal(await map.size(), 1)
  assert.equal(await get('/renew'), null)
  assert.equal(await get('/leave'), 'left')
  assert.equal(await get('/look'), null)
  assert.equal(await map.size(), 0)
})

test('each request renews the time of a session, and without one it ends', async t => {
  const { sessions, clock } = open()
  const get = await serve(t, sessions, { maxAge: 60_000 })
  assert.equal(await get('/visit'), 1)
  clock.advance('40s')
  assert.equal(await get('/look'), 1)
  clock.advance('40s')
  assert.equal(await get('/look'), 1)
  clock.advance('61s')
  assert.equal(await get('/look'), null)
})

test('a store that fails is an error of the request', async t => {
  const { sessions, store } = open()
  const get = await serve(t, sessions)
  await get('/visit')
  await store.close()
  assert.equal(await get('/look'), 500)
})

test('it is a Store of express-session', () => {
  const { sessions } = open()
  assert.ok(sessions instanceof session.Store)
  assert.equal(typeof sessions.createSession, 'function')
})

test('sessions are listed, counted and cleared', async () => {
  const { sessions } = open()
  const since = new Date(0)
  await promisify(sessions.set).call(sessions, 'a', { ...dataOf({}), since })
  await promisify(sessions.set).call(sessions, 'b', dataOf({}, 2))
  assert.deepEqual(await promisify(sessions.get).call(sessions, 'a'), { cookie: {}, visits: 1, since: since.toJSON() })
  assert.deepEqual(Object.keys((await promisify(sessions.all).call(sessions)) ?? {}), ['a', 'b'])
  assert.equal(await promisify(sessions.length).call(sessions), 2)
  await promisify(sessions.clear).call(sessions)
  assert.equal(await promisify(sessions.length).call(sessions), 0)
  assert.equal(await promisify(sessions.get).call(sessions, 'a'), null)
})

test('the cookie says how long a session lives; without that it is a day, or what was asked for', async () => {
  const { sessions, map } = open()
  const ttls: [cookie: object, ms: number | undefined][] = [
    [{}, dayMs],
    [{ maxAge: null, originalMaxAge: null }, dayMs],
    [{ maxAge: 1000.5, originalMaxAge: 5000 }, 1001],
    [{ originalMaxAge: 30 * dayMs }, 30 * dayMs],
    [{ maxAge: 0 }, undefined],
    // The year 9999.
    [{ maxAge: 251_600_000_000_000 }, 36_500 * dayMs],
  ]
  for (const [cookie, ms] of ttls) {
    await promisify(sessions.set).call(sessions, 'a', dataOf(cookie))
    assert.equal(await map.ttl('a'), ms, JSON.stringify(cookie))
  }
  await promisify(sessions.set).call(sessions, 'a', dataOf({}))
  await promisify(sessions.touch).call(sessions, 'a', dataOf({ maxAge: 5000 }, 9))
  assert.equal(await map.ttl('a'), 5000)
  assert.equal((await map.get('a'))?.visits, 1)
  await promisify(sessions.touch).call(sessions, 'absent', dataOf({}))
  assert.equal(await map.has('absent'), false)

  const short = open({ ttl: '1h' })
  await promisify(short.sessions.set).call(short.sessions, 'a', dataOf({}))
  assert.equal(await short.map.ttl('a'), 3_600_000)
  assert.throws(() => open({ ttl: 'soon' }), { code: 'STORE_ARGUMENT_INVALID' })
})

test('a cookie that says when it ends lives until then', async () => {
  const { sessions, map } = open()
  const set = promisify(sessions.set).bind(sessions)
  const end = new Date(Date.now() + 90_000)
  const { Cookie } = session
  const own = new Cookie()
  own.expires = end
  for (const cookie of [{ expires: end }, { expires: end.toJSON(), originalMaxAge: 5 }, own]) {
    await set('a', dataOf(cookie))
    const ms = (await map.ttl('a')) ?? 0
    assert.ok(ms > 60_000 && ms <= 90_000, `${ms} ms for ${JSON.stringify(cookie)}`)
  }
  const past = new Cookie()
  past.expires = new Date(0)
  for (const cookie of [{ expires: new Date(0), originalMaxAge: 60_000 }, { expires: new Date(0).toJSON() }, past]) {
    await set('a', dataOf({}))
    await set('a', dataOf(cookie))
    assert.equal(await map.has('a'), false, JSON.stringify(cookie))
  }
  for (const cookie of [{ expires: null }, { expires: false }, { expires: 'never' }, new Cookie()]) {
    await set('a', dataOf(cookie))
    assert.equal(await map.ttl('a'), dayMs, JSON.stringify(cookie))
  }
})

test('a touch keeps the end of the cookie with the session, and leaves the rest', async () => {
  const { sessions, map } = open()
  const touch = promisify(sessions.touch).bind(sessions)
  await promisify(sessions.set).call(sessions, 'a', dataOf({ expires: new Date(Date.now() + 10_000), path: '/' }, 3))
  const expires = new Date(Date.now() + 90_000).toJSON()
  await touch('a', dataOf({ expires, path: '/' }, 9))
  assert.deepEqual(await map.get('a'), { cookie: { expires, path: '/' }, visits: 3 })
  assert.ok(((await map.ttl('a')) ?? 0) > 60_000)
  await touch('a', dataOf({ expires: new Date(0).toJSON() }))
  assert.equal(await map.has('a'), false)
})

/** Bypass of a guard: what decides is where a request leads, however it is written. */
import assert from 'node:assert/strict'
import { scryptSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openEdgeStage } from './support/edge-stage.ts'
import { forEachCase, startOnEveryProtocol } from './support/every-protocol.ts'
import { guardedSpellings, openSpellings } from './support/guarded-spellings.ts'
import { request } from './support/http-connection.ts'
import { identityFields } from './support/identity-fields.ts'

/** A cheap one. */
function hashOf(password: string): string {
  const salt = Buffer.from('salted')
  const hash = scryptSync(password, salt, 32, { N: 2, r: 1, p: 1 })
  return `scrypt$ln=1,r=1,p=1$${salt.toString('base64')}$${hash.toString('base64url')}`
}

function basic(name: string, password: string): Record<string, string> {
  return { Authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}` }
}

const stranger = { 'X-Forwarded-For': '203.0.113.7' }
const edge = {
  trust: ['loopback'],
  access: [
    { path: '/admin', allow: ['10.0.0.0/8', '2001:db8::/32'], deny: ['10.6.6.0/24'] },
    { path: '/admin/public' },
    { path: '/private', basic: { users: { Zoë: hashOf('pass:word') }, realm: 'Staff' } },
    { path: '/both', allow: ['10.0.0.0/8'], basic: { users: { ann: hashOf('a') }, passThrough: true } },
    { path: '/either', satisfy: 'any', allow: ['10.0.0.0/8'], basic: { users: { ann: hashOf('a') } } },
    { path: '/write', methods: ['POST', 'PUT'], deny: ['203.0.113.0/24'] },
    { path: '/read', methods: ['GET'], deny: ['203.0.113.0/24'] },
    { path: '/über', deny: ['203.0.113.0/24'] },
  ],
  rewrites: { '/files/**:rest': '/:rest' },
}

test('no spelling of a path gets around its rule, over every protocol', async t => {
  const { protocols } = await startOnEveryProtocol(t, { edge })
  const headers = Object.entries(stranger)
  await forEachCase(protocols, guardedSpellings, async ({ name, isHttp2, ask }, target) => {
    const { status } = await ask({ target, headers })
    const isRefused = status === 403 || status === 400 || (isHttp2 && status === 'reset' && !target.startsWith('/'))
    assert.ok(isRefused, `${name}: ${target} was answered with ${status}`)
  })
  await forEachCase(protocols, openSpellings, async ({ name, ask }, target) => {
    assert.equal((await ask({ target, headers })).status, 200, `${name}: ${target}`)
  })
  // A client cannot say for itself that it is near, nor choose another method or target in a header.
  const liesOfAll = [...identityFields, ['X-HTTP-Method-Override', 'GET'] as const]
  const lies = liesOfAll.filter(([field]) => !/^(?:forwarded|x-forwarded-for)$/i.test(field))
  await forEachCase(protocols, ['/admin', '/write'], async ({ name, ask }, target) => {
    const { status } = await ask({ method: 'POST', target, headers: [...lies, ...headers] })
    assert.ok(status === 403 || status === 400, `${name}: ${target} was answered with ${status}`)
  })
  // A password is the same in every protocol, and none is asked for twice.
  const [field = ''] = Object.values(basic('Zoë', 'pass:word'))
  for (const { name, ask } of protocols) {
    const asked = await ask({ target: '/private/%78' })
    assert.deepEqual(
      [asked.status, asked.headers.get('www-authenticate')],
      [401, 'Basic realm="Staff", charset="UTF-8"'],
    )
    assert.equal((await ask({ target: '/private', headers: [['Authorization', field]] })).status, 200, name)
    const twice = [['Authorization', field] as const, ['Authorization', 'Basic eA=='] as const]
    assert.equal((await ask({ target: '/private', headers: twice })).status, 400, name)
  }
})

test('addresses are those of the client, in any form, and deny comes first', async t => {
  const stage = await openEdgeStage(t, edge)
  const get = async (address: string, options: object = {}) =>
    (await request(stage.url, { path: '/admin', headers: { 'X-Forwarded-For': address }, ...options })).status
  assert.equal(await get('10.1.2.3'), 200)
  assert.equal(await get('::ffff:10.1.2.3'), 200)
  assert.equal(await get('2001:db8:1::1'), 200)
  for (const address of ['10.6.6.6', '::ffff:10.6.6.6', '11.0.0.1', '2001:db9::1', 'unknown', '']) {
    assert.equal(await get(address), 403, address)
  }
  // Who does not come over a trusted proxy cannot say where it comes from.
  const open = await openEdgeStage(t, { ...edge, trust: [] })
  const headers = { 'X-Forwarded-For': '10.1.2.3' }
  assert.equal((await request(open.url, { path: '/admin', headers })).status, 403)
})

test('a rule for methods holds for these, and for HEAD where GET is one', async t => {
  const stage = await openEdgeStage(t, edge)
  const ask = async (method: string, path: string) =>
    (await request(stage.url, { method, path, headers: stranger })).status
  assert.deepEqual(
    [await ask('POST', '/write'), await ask('PUT', '/write'), await ask('GET', '/write')],
    [403, 403, 200],
  )
  assert.deepEqual([await ask('GET', '/read'), await ask('HEAD', '/read'), await ask('POST', '/read')], [403, 403, 200])
})

test('a password is asked for, checked, and kept from the application', async t => {
  const seen: unknown[] = []
  const stage = await openEdgeStage(t, edge, (req, res) => {
    seen.push([req.headers.authorization, req.rawHeaders.some(name => /^authorization$/i.test(name))])
    res.end('application')
  })
  const get = (path: string, headers: Record<string, string> = {}) => request(stage.url, { path, headers })
  const challenged = await get('/private')
  assert.equal(challenged.status, 401)
  assert.equal(challenged.headers.get('www-authenticate'), 'Basic realm="Staff", charset="UTF-8"')
  for (const wrong of [
    basic('Zoë', 'pass'),
    basic('Zoë', ''),
    basic('zoë', 'pass:word'),
    basic('nobody', 'pass:word'),
    basic('__proto__', 'x'),
    { Authorization: 'Basic' },
    { Authorization: 'Basic !!!' },
    { Authorization: 'Bearer x' },
    { Authorization: `Basic ${'A'.repeat(4000)}` },
    { Authorization: `Basic ${Buffer.from('no colon').toString('base64')}` },
  ]) {
    assert.equal((await get('/private', wrong)).status, 401, JSON.stringify(wrong))
  }
  assert.deepEqual(seen, [])
  // The second time it is remembered.
  for (let i = 0; i < 2; i++) assert.equal((await get('/private/x', basic('Zoë', 'pass:word'))).status, 200)
  // Where no password is asked for, it is the application's.
  const [own] = [basic('app', 'own')]
  assert.equal((await get('/', own)).status, 200)
  assert.deepEqual(seen, [
    [undefined, false],
    [undefined, false],
    [own?.Authorization, true],
  ])
  // A rewrite asks the rules once more, and the password is still known.
  assert.equal((await get('/files/private', basic('Zoë', 'pass:word'))).status, 200)
  assert.equal((await get('/files/private')).status, 401)
})

test('address and password: all of them, or any', async t => {
  const stage = await openEdgeStage(t, edge, (req, res) => void res.end(req.headers.authorization ?? 'none'))
  const near = { 'X-Forwarded-For': '10.1.2.3' }
  const ask = async (path: string, headers: Record<string, string>) =>
    (await request(stage.url, { path, headers })).status
  assert.equal(await ask('/both', near), 401)
  assert.equal(await ask('/both', { ...stranger, ...basic('ann', 'a') }), 403)
  assert.equal(await ask('/both', { ...near, ...basic('ann', 'a') }), 200)
  assert.equal(await ask('/either', near), 200)
  assert.equal(await ask('/either', stranger), 401)
  assert.equal(await ask('/either', { ...stranger, ...basic('ann', 'a') }), 200)
  const { body } = await request(stage.url, { path: '/both', headers: { ...near, ...basic('ann', 'a') } })
  assert.equal(String(body), basic('ann', 'a').Authorization)
})

test('a file of users is read again when it has changed, and stays as it was while it is wrong', async t => {
  const dir = mkdtempSync(join(tmpdir(), 'saola-users-'))
  t.after(() => rmSync(dir, { recursive: true }))
  const file = join(dir, 'users')
  writeFileSync(file, `# Staff\nann:${hashOf('a')}\n`)
  const clock = { ms: 0, now: () => clock.ms, date: () => new Date() }
  const settings = { access: [{ path: '/', basic: { file } }] }
  const stage = await openEdgeStage(t, settings, undefined, { clock })
  const ask = async (name: string) => (await request(stage.url, { headers: basic(name, 'a') })).status
  const askUntil = async (name: string, wanted: number, event: string) => {
    clock.ms += 1_000
    for (;;) {
      const status = await ask(name)
      if (status === wanted && stage.events.at(-1) === event) return
    }
  }
  assert.deepEqual([await ask('ann'), await ask('bob')], [200, 401])
  writeFileSync(file, `bob:${hashOf('a')}\n`)
  await askUntil('bob', 200, 'edge.file.changed')
  assert.equal(await ask('ann'), 401)
  writeFileSync(file, 'bob:$2y$05$abcdefghijklmnopqrstuv\n')
  await askUntil('bob', 200, 'edge.file.refused')
  await assert.rejects(openEdgeStage(t, settings), {
    code: 'ERR_CONFIG_INVALID',
    message: /line 1.*bcrypt hash of Apache \(not supported\)/,
  })
})

test('many wrong passwords at once keep neither the others waiting nor the memory busy', async t => {
  const salt = 'c2FsdGVk'
  const slow = `scrypt$ln=12,r=8,p=1$${salt}$${'A'.repeat(43)}`
  const stage = await openEdgeStage(t, { access: [{ path: '/private', basic: { users: { ann: slow } } }] })
  const statuses = await Promise.all(
    Array.from({ length: 80 }, async (_, i) => {
      const { status } = await request(stage.url, { path: '/private', headers: basic('ann', `wrong ${i}`) })
      return status
    }),
  )
  assert.equal(statuses.filter(status => status === 401).length + statuses.filter(status => status === 503).length, 80)
  assert.ok(statuses.includes(503))
  assert.equal((await request(stage.url)).status, 200)
})

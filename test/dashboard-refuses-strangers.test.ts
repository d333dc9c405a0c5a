import assert from 'node:assert/strict'
import { scryptSync } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { routes } from '../src/dashboard/server/routes.ts'
import { certificate } from './support/certificate.ts'
import { cookieOf, DashboardClient, dashboardLink, signIn } from './support/dashboard.ts'
import { root, startTree } from './support/tree.ts'
import { signalProcess } from './support/tree-processes.ts'

const app = { 'app.mjs': 'export default { fetch: () => new Response("hi") }' }
const hidden = 'a value that is shown to nobody'
const apps = { web: { app: './app.mjs', listen: '127.0.0.1:0', env: { HIDDEN: hidden } } }
/** As `saola password` makes them, but soon checked. */
function cheapHash(password: string): string {
  const [salt, text] = [Buffer.alloc(16), (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '')]
  return `scrypt$ln=4,r=1,p=1$${text(salt)}$${text(scryptSync(password, salt, 32, { N: 16, r: 1, p: 1 }))}`
}

const json = { 'Content-Type': 'application/json' }

test('who has not signed in learns nothing, and who has is told from a stranger', async t => {
  const password = 'correct horse'
  const dashboard = {
    listen: '127.0.0.1:0',
    hosts: ['saola.example.com'],
    users: { ann: cheapHash(password) },
  }
  const tree = await startTree(t, { files: app, config: { apps, dashboard } })
  const { base, token } = await dashboardLink(tree)
  const stranger = new DashboardClient(base)
  const { host } = new URL(base)

  await t.test('every path answers 401 without a session', async () => {
    for (const { method, path } of [
      ...routes,
      { method: 'GET', path: '/api/session' },
      { method: 'GET', path: '/api/nothing' },
    ]) {
      const { status, json } = await stranger.ask({ method, path, headers: { 'Content-Type': 'application/json' } })
      assert.equal(status, 401, `${method} ${path}`)
      assert.deepEqual([json.error.code, json.hasUsers], ['ERR_DASHBOARD_SIGNED_OUT', true])
    }
    const { status } = await stranger.ask({ method: 'DELETE', path: '/api/session' })
    assert.equal(status, 401)
    // The page itself says nothing of the tree.
    assert.equal((await stranger.get('/')).status, 200)
    assert.equal((await stranger.get('/assets/..%2f..%2fdashboard.js')).status, 404)
  })

  await t.test('a link signs in once, and its cookie is for this host and no script', async () => {
    assert.match(token, /^[\w-]{43}$/)
    const first = await stranger.post('/api/session', { token })
    assert.equal(first.status, 200)
    assert.match(
      first.headers.get('set-cookie') ?? '',
      /^saola-[\da-f]{16}=[^;]+; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict$/,
    )
    assert.equal((await stranger.post('/api/session', { token })).status, 401)
    const ann = new DashboardClient(base, cookieOf(first.headers))
    assert.deepEqual((await ann.get('/api/session')).json.user, 'token')
    assert.ok(!tree.lines.some(line => line.includes(token)), 'the token is in the log')
  })

  await t.test('a link that was used stays used when the process of the dashboard is another', async () => {
    const { token } = await dashboardLink(tree)
    const signedIn = await stranger.post('/api/session', { token })
    const client = new DashboardClient(base, cookieOf(signedIn.headers))
    const ended = new DashboardClient(
      base,
      cookieOf((await stranger.post('/api/session', await dashboardLink(tree))).headers),
    )
    assert.equal((await ended.ask({ method: 'DELETE', path: '/api/session' })).status, 200)
    const before = (await tree.status()).children.find(({ name }) => name === 'monitor:0')
    const since = tree.lines.length
    assert.ok(signalProcess(before?.pid ?? 0, 'SIGKILL'))
    await tree.waitForEvent('monitor.ready', {}, { since })
    assert.equal((await stranger.post('/api/session', { token })).status, 401)
    assert.equal((await client.get('/api/session')).status, 200, 'a session outlives the process')
    assert.equal((await ended.get('/api/session')).status, 401, 'one that was ended stays so')
  })

  await t.test('a forged cookie is none', async () => {
    const { cookie = '' } = await signIn(tree)
    const [name = '', value = ''] = cookie.split('=')
    const [payload = '', signature = ''] = value.split('.')
    const root = Buffer.from(payload, 'base64url').toString().replace('"token"', '"root"')
    const forged = [
      `${Buffer.from(root).toString('base64url')}.${signature}`,
      payload,
      `${payload}.`,
      `.${signature}`,
      `${payload}.${'A'.repeat(43)}`,
      `${value}.x`,
      '',
      'x'.repeat(4_000),
    ]
    for (const value of forged) {
      const { status } = await new DashboardClient(base, `${name}=${value}`).get('/api/session')
      assert.equal(status, 401, value.slice(0, 100))
    }
  })

  await t.test('another page gets nothing, also with the cookie of who has signed in', async () => {
    const client = await signIn(tree)
    const refused: [status: number, headers: Record<string, string>][] = [
      [403, { Origin: 'http://evil.example' }],
      [403, { Origin: 'null' }],
      [403, { Origin: 'http://127.0.0.1:1' }],
      [403, { 'Sec-Fetch-Site': 'cross-site' }],
      // An application on another port of the same host.
      [403, { 'Sec-Fetch-Site': 'same-site' }],
      [421, { Host: 'evil.example' }],
      [421, { Host: `evil.example:${host.split(':')[1]}`, Origin: 'http://evil.example' }],
      [421, { Host: '10.0.0.1' }],
      [421, { Host: 'localhost.evil.example' }],
    ]
    for (const [status, headers] of refused) {
      assert.equal((await client.get('/api/session', headers)).status, status, JSON.stringify(headers))
      const scaled = await client.post('/api/actions/scale', { target: 'web', workers: '3' }, headers)
      assert.equal(scaled.status, status, JSON.stringify(headers))
    }
    // What a form can send.
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data',
      'text/plain; application/json',
    ]) {
      const { status } = await client.post(
        '/api/actions/scale',
        { target: 'web', workers: '3' },
        { 'Content-Type': type },
      )
      assert.equal(status, 415, type)
    }
    assert.equal((await tree.status()).apps[0]?.workers, 1)
    const meant: Record<string, string>[] = [
      { Host: 'saola.example.com', Origin: 'https://saola.example.com' },
      { Host: 'localhost:1234' },
      { Host: '[::1]' },
      { Origin: base, 'Sec-Fetch-Site': 'same-origin' },
    ]
    for (const headers of meant)
      assert.equal((await client.get('/api/session', headers)).status, 200, JSON.stringify(headers))
    await tree.waitForEvent('dashboard.refused', { reason: 'another page' })
    await tree.waitForEvent('dashboard.refused', { reason: 'unknown host' })
  })

  await t.test('headers and bodies have a size', async () => {
    const client = await signIn(tree)
    assert.equal((await client.get('/api/session', { 'X-Long': 'x'.repeat(20_000) })).status, 431)
    assert.equal(
      (await client.ask({ method: 'POST', path: '/api/actions/scale', headers: json, body: '{"target":' })).status,
      400,
    )
    assert.equal(
      (await client.ask({ method: 'POST', path: '/api/actions/scale', headers: json, body: '[]' })).status,
      400,
    )
    const long = await client
      .post('/api/actions/scale', { target: 'x'.repeat(3 * 1024 ** 2) })
      .catch((error: Error) => error)
    assert.ok(long instanceof Error || long.status === 413, String(long))
    assert.equal((await stranger.post('/api/session', { token: 'x'.repeat(100 * 1024) })).status, 413)
    assert.equal((await client.post('/api/actions/scale', { target: ['web'], workers: 3 })).status, 400)
    assert.equal((await client.get('/api/history?span=1y')).status, 400)
    assert.equal((await client.get('/api/nothing')).status, 404)
    assert.equal((await client.post('/api/history')).status, 405)
    assert.equal((await client.ask({ method: 'PUT', path: '/api/history' })).status, 405)
  })

  await t.test('answers let nothing foreign into the page', async () => {
    for (const path of ['/', '/api/session', '/nothing']) {
      const { headers } = await stranger.get(path)
      assert.match(
        headers.get('content-security-policy') ?? '',
        /^default-src 'none'; script-src 'self'; .*frame-ancestors 'none'/,
      )
      assert.equal(headers.get('x-content-type-options'), 'nosniff')
      assert.equal(headers.get('referrer-policy'), 'no-referrer')
    }
    assert.equal((await stranger.get('/api/session')).headers.get('cache-control'), 'no-store')
  })

  await t.test('a name and a password sign in, wrong ones do not, and who guesses has to wait', async () => {
    const right = await stranger.post('/api/session', { user: 'ann', password })
    assert.deepEqual([right.status, right.json.user], [200, 'ann'])
    const basic = (text: string) => ({ Authorization: `Basic ${Buffer.from(text).toString('base64')}` })
    assert.equal((await stranger.get('/api/session', basic(`ann:${password}`))).json.user, 'ann')
    assert.equal((await stranger.get('/api/session', basic('ann:wrong'))).status, 401)
    const guesses = ['ann', 'bob', 'constructor', ...new Array<string>(8).fill('ann')]
    const answers = await Promise.all(
      guesses.map((user, index) => stranger.post('/api/session', { user, password: `wrong ${index}` })),
    )
    const statuses = answers.map(({ status }) => status)
    assert.deepEqual(
      statuses.filter(status => status !== 401 && status !== 429),
      [],
    )
    assert.ok(statuses.includes(429), String(statuses))
    assert.equal((await stranger.post('/api/session', { user: 'ann', password })).status, 429)
    await tree.waitForEvent('dashboard.refused', { reason: 'wrong password' })
    // Who has a token is not kept out by that.
    assert.equal((await signIn(tree).then(client => client.get('/api/session'))).status, 200)
    assert.ok(!tree.lines.some(line => line.includes(password)), 'the password is in the log')
  })

  await t.test('what is done is told to the log', async () => {
    const client = await signIn(tree)
    const since = tree.lines.length
    assert.equal((await client.post('/api/actions/scale', { target: 'web', workers: '2' })).status, 200)
    assert.equal((await client.post('/api/actions/scale', { target: 'w\u001beb', workers: '2' })).status, 409)
    assert.equal((await client.ask({ method: 'DELETE', path: '/api/session' })).status, 200)
    const deed = { user: 'token', address: '127.0.0.1', action: 'scale' }
    await tree.waitForEvent('dashboard.action', { ...deed, target: 'web 2', ok: true }, { since })
    await tree.waitForEvent('dashboard.action', { ...deed, target: 'w\\u001beb 2', ok: false, error: /./ }, { since })
    await tree.waitForEvent('dashboard.signed-out', { user: 'token' }, { since })
    assert.equal((await client.get('/api/session')).status, 401)
  })

  await t.test('what ends the process of the dashboard is told to the log, too', async () => {
    const client = await signIn(tree)
    const since = tree.lines.length
    // The answer may not come any more.
    const asked = client.post('/api/actions/restart', { target: 'all' }).catch(() => {})
    await tree.waitForEvent('dashboard.action', { action: 'restart', target: 'all' }, { since })
    await tree.waitForEvent('monitor.ready', {}, { since })
    await asked
  })

  await t.test('read-only, it changes nothing; and a user with another password is signed out', async () => {
    const client = await signIn(tree)
    const { token } = await dashboardLink(tree)
    const since = tree.lines.length
    const users = { ann: cheapHash('another') }
    writeFileSync(
      join(tree.dir, 'saola.config.json'),
      JSON.stringify({ apps, dashboard: { ...dashboard, users, readOnly: true } }),
    )
    assert.equal((await client.post('/api/actions/reload')).status, 200)
    await tree.waitForEvent('monitor.ready', {}, { since })
    // Also what replaces the process that has to write it.
    await tree.waitForEvent('dashboard.action', { action: 'reload' }, { since })
    assert.equal((await client.get('/api/session')).json.isReadOnly, true)
    const { json: shown } = await client.get('/api/config')
    assert.match(shown.text, /dashboard\.users +\{ ann: \(secret\) \}/)
    assert.ok(!JSON.stringify(shown).includes('scrypt$'), 'hashes of passwords are nowhere')
    assert.match(shown.text, /apps\.web\.env +\{ HIDDEN: \(secret\) \}/)
    assert.ok(!JSON.stringify(shown).includes(hidden), 'values of the environment are nowhere')
    for (const { method, path, changes } of routes) {
      if (!changes) continue
      assert.equal((await client.ask({ method, path, headers: json, body: '{}' })).status, 403, path)
    }
    await tree.waitForEvent('dashboard.action', { action: 'scale', ok: false }, { since })
    assert.equal((await stranger.post('/api/session', { token })).status, 200)
  })
})

test('where other machines reach it, it speaks TLS, or was forced not to', async t => {
  const listen = '0.0.0.0:0'
  const files = { ...app, 'cert.pem': certificate.cert, 'key.pem': certificate.key }
  const tls = { cert: './cert.pem', key: './key.pem' }
  const tree = await startTree(t, { files, config: { apps, dashboard: { listen, tls } } })
  const { base, token } = await dashboardLink(tree)
  assert.match(base, /^https:\/\/localhost:\d+$/)
  const client = new DashboardClient(base)
  const { headers, status } = await client.post('/api/session', { token })
  assert.equal(status, 200)
  assert.match(headers.get('set-cookie') ?? '', /^__Host-saola-.*; Path=\/; .*; Secure$/)
  // Any address may be one of this machine, a name may not.
  assert.equal((await client.get('/api/session', { Host: '10.0.0.1' })).status, 401)
  assert.equal((await client.get('/api/session', { Host: 'evil.example' })).status, 421)

  // The examples of docs/dashboard.md, beside the file that they are about.
  writeFileSync(join(tree.dir, 'server.ts'), 'export default { fetch: () => new Response("hello") }')
  const page = readFileSync(join(root, 'docs', 'dashboard.md'), 'utf8')
  const examples = [...page.matchAll(/^```ts\n(.*?)^```$/gms)]
  assert.ok(examples.length >= 4)
  for (const [index, [, code = '']] of examples.entries()) {
    writeFileSync(join(tree.dir, `example-${index}.ts`), code)
    const { code: exitCode, stderr } = await tree.cli('check', '-c', `example-${index}.ts`)
    assert.equal(exitCode, 0, stderr)
  }

  const write = (dashboard: object) => writeFileSync(join(tree.dir, 'other.json'), JSON.stringify({ apps, dashboard }))
  write({ listen })
  const refused = await tree.cli('check', '-c', 'other.json')
  assert.equal(refused.code, 1)
  assert.match(
    refused.stderr + refused.stdout,
    /dashboard\.listen is refused: other machines reach 0\.0\.0\.0:0, .*dashboard\.insecure/,
  )
  write({ listen, insecure: true })
  assert.equal((await tree.cli('check', '-c', 'other.json')).code, 0)
  write({ session: 5 })
  assert.match((await tree.cli('check', '-c', 'other.json')).stderr, /dashboard\.session expected at least "1m"/)
  write({ listen, tls: { ...tls, key: './cert.pem' } })
  const broken = await tree.cli('check', '-c', 'other.json')
  assert.match(broken.stderr + broken.stdout, /dashboard\.tls cannot be used/)
})

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createPrivateKey } from 'node:crypto'
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import tls, { type ConnectionOptions } from 'node:tls'
import { formatRequest, request } from './support/http-connection.ts'
import { parseResponse } from './support/http-response.ts'
import { nobody, openProgram, testAsRoot } from './support/nobody.ts'
import { makePair } from './support/pairs.ts'
import { startTree, type Tree } from './support/tree.ts'
import { until } from './support/until.ts'

const app = 'export default (req, res) => res.end(JSON.stringify({ pid: process.pid, headers: req.headersDistinct }))'

function startWith(t: TestContext, web: object, files: Record<string, string> = {}): Promise<Tree> {
  return startTree(t, { files: { 'app.mjs': app, ...files }, config: configOf(web) })
}

function configOf(web: object): object {
  return { name: 'shop', apps: { web: { app: './app.mjs', listen: '127.0.0.1:0', workers: 1, ...web } } }
}

const secure = (address = '') => `https://${address}`

test('self-signed needs nothing', async t => {
  const web = { tls: 'self-signed', accessLog: 'combined', balance: 'round-robin', workers: 2 }
  const tree = await startWith(t, web)

  await t.test('sslscan finds nothing below TLS 1.2, no weak suite and no renegotiation', async () => {
    const { stdout } = spawnSync('sslscan', ['--no-colour', tree.listen[0] ?? ''], {
      encoding: 'utf8',
      timeout: 60_000,
    })
    for (const version of ['SSLv2', 'SSLv3', 'TLSv1.0', 'TLSv1.1'])
      assert.match(stdout, new RegExp(`${version} +disabled`))
    for (const version of ['TLSv1.2', 'TLSv1.3']) assert.match(stdout, new RegExp(`${version} +enabled`))
    assert.match(stdout, /Session renegotiation not supported/)
    assert.doesNotMatch(stdout, /ffdhe/)
    const suites = [...stdout.matchAll(/^(?:Preferred|Accepted) +\S+ +\d+ bits +(\S+)/gm)].map(([, suite]) => suite)
    assert.ok(suites.length >= 6, stdout)
    assert.deepEqual(
      suites.filter(suite => !/^(TLS_(AES|CHACHA20)_|ECDHE-\w+-(AES\d+-GCM|CHACHA20)-)/.test(suite ?? '')),
      [],
    )
  })

  await t.test('every worker has the same certificate, kept for its owner', async () => {
    const [address = ''] = tree.listen
    const file = join(tree.dir, '.saola', 'shop', 'self-signed.pem')
    assert.equal(statSync(file).mode & 0o777, 0o600)
    // A client that is told to trust it finds no fault, by name and by address.
    const port = address.slice(address.lastIndexOf(':') + 1)
    for (const host of ['localhost', '127.0.0.1']) {
      const args = [
        '-sS',
        '--fail',
        '--cacert',
        file,
        '--resolve',
        `localhost:${port}:127.0.0.1`,
        `https://${host}:${port}/hello`,
      ]
      const { status, stderr } = spawnSync('curl', args, { encoding: 'utf8' })
      assert.equal(status, 0, stderr)
    }
    await tree.waitForLine(/127\.0\.0\.1 .*"GET \/hello HTTP\/2\.0" 200 \d+ /)
  })

  await t.test('a session that one worker began goes on in every other', async () => {
    const versions = ['TLSv1.2', 'TLSv1.3'] as const
    const begun = []
    for (const maxVersion of versions) {
      const first = await ask(tree, { maxVersion })
      const pids = new Set([first.pid])
      for (let i = 0; i < 4; i++) {
        const next = await ask(tree, { maxVersion, session: first.session })
        assert.equal(next.isReused, true, maxVersion)
        pids.add(next.pid)
      }
      assert.equal(pids.size, 2)
      begun.push({ maxVersion, session: first.session, pids })
    }
    assert.equal((await tree.cli('reload', '--wait')).code, 0)
    for (const { maxVersion, session, pids } of begun) {
      const later = await ask(tree, { maxVersion, session })
      assert.deepEqual([later.isReused, pids.has(later.pid)], [true, false])
    }
  })

  await t.test('the next tree has it, too', async () => {
    const [first] = tree.events('edge.certificate.loaded')
    await tree.stop()
    const second = await startTree(t, { dir: tree.dir, config: configOf({ tls: 'self-signed' }) })
    assert.equal(second.events('edge.certificate.loaded')[0]?.fingerprint, first?.fingerprint)
  })
})

/** One request over TLS: who answered, and the session of it. */
function ask(tree: Tree, options: ConnectionOptions) {
  const { promise, resolve, reject } = Promise.withResolvers<{ pid: number; isReused: boolean; session: Buffer }>()
  const port = Number(new URL(tree.url).port)
  const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options })
  let session: Buffer = Buffer.alloc(0)
  const chunks: Buffer[] = []
  socket.on('session', ticket => {
    session = ticket
  })
  let isReused = false
  socket.on('secureConnect', () => {
    isReused = socket.isSessionReused()
    socket.write(formatRequest({ headers: { Connection: 'close' } }))
  })
  socket.on('data', chunk => chunks.push(chunk))
  socket.on('error', reject)
  socket.on('close', () => {
    const answer = parseResponse(Buffer.concat(chunks))?.response
    const { pid } = JSON.parse(String(answer?.body))
    resolve({ pid, isReused, session: options.session ?? session })
  })
  return promise
}

test('plain HTTP is sent to TLS, also on an address that a reload adds, and HSTS stands in answers over TLS only', async t => {
  const web = {
    listen: ['127.0.0.1:0', 'unix:app.sock'],
    tls: { selfSigned: true, hsts: true, redirect: ['127.0.0.2:0'] },
  }
  const tree = await startWith(t, web)
  const { apps } = await tree.status()
  assert.deepEqual(apps[0]?.protocols, ['https', 'http', 'redirect'])
  const [https = '', , plain = ''] = apps[0]?.listen ?? []
  const port = https.slice(https.lastIndexOf(':') + 1)
  const sent = await request(`http://${plain}`, {
    path: '/a?b=c',
    method: 'POST',
    body: 'x',
    headers: { Host: 'localhost:80' },
  })
  assert.equal(sent.status, 308)
  assert.equal(sent.headers.get('location'), `https://localhost:${port}/a?b=c`)
  assert.equal(sent.headers.has('strict-transport-security'), false)
  assert.equal((await request(`http://${plain}`, { headers: { Host: 'evil.example' } })).status, 421)
  assert.equal((await request(secure(https))).headers.get('strict-transport-security'), 'max-age=15552000')
  assert.equal((await request(`unix:${join(tree.dir, 'app.sock')}`)).headers.has('strict-transport-security'), false)
  // The first goes, another one comes, and what it was is closed.
  const changed = { ...web, tls: { ...web.tls, hsts: false, redirect: ['127.0.0.3:0'], redirectPort: 443 } }
  writeFileSync(join(tree.dir, 'saola.config.json'), JSON.stringify(configOf(changed)))
  assert.equal((await tree.cli('reload', '--wait')).code, 0)
  const added = (await tree.status()).apps[0]?.listen[2] ?? ''
  assert.match(added, /^127\.0\.0\.3:/)
  const later = await request(`http://${added}`, { headers: { Host: 'localhost' } })
  assert.equal(later.headers.get('location'), 'https://localhost/')
  // Who came before the last process had closed it is cut off, and whoever comes then finds nobody.
  const isRefused = (error: NodeJS.ErrnoException) => error.code === 'ECONNREFUSED'
  await until('the one before is closed', () => request(`http://${plain}`).then(() => false, isRefused))
})

test('the certificate of a client comes to the application, and nothing that a client claims', async t => {
  const pair = makePair(['web.example'])
  const [ca, alice] = clientCertificates(t)
  const files = { 'web.cert.pem': pair.cert, 'web.key.pem': pair.key, 'ca.pem': ca }
  const settings = { cert: 'web.cert.pem', key: 'web.key.pem', ca: 'ca.pem', clientCertificate: 'optional' }
  const tree = await startWith(t, { tls: settings }, files)
  const forged = { 'Client-Cert': ':Zm9v:', 'X-Client-Cert-Subject': 'CN=root' }
  const anonymous = JSON.parse(String((await request(secure(tree.listen[0]), { headers: forged })).body))
  assert.equal(anonymous.headers['client-cert'], undefined)
  assert.equal(anonymous.headers['x-client-cert-subject'], undefined)
  const url = secure(tree.listen[0])
  for (const protocol of ['--http1.1', '--http2']) {
    const own = [
      '-sS',
      '-k',
      protocol,
      '--cert',
      alice.cert,
      '--key',
      alice.key,
      '-H',
      'X-Client-Cert-Subject: CN=root',
    ]
    // The second request is on the connection of the first.
    const { stdout, stderr } = spawnSync('curl', [...own, '-w', '\n', url, url], { encoding: 'utf8' })
    const answers = stdout.trim().split('\n')
    assert.equal(answers.length, 2, stderr)
    for (const answer of answers) {
      assert.deepEqual(JSON.parse(answer).headers['x-client-cert-subject'], ['CN=alice,O=Shop'], protocol)
    }
  }
})

testAsRoot(
  'workers that run as another user serve with a key that only root may read, and know no passphrase of it',
  async t => {
    const source = `
    import { readFileSync } from 'node:fs'
    const attempt = file => { try { return readFileSync(file, 'latin1') } catch (error) { return error.code } }
    export default (req, res) => res.end(JSON.stringify({
      uid: process.getuid(), key: attempt('web.key.pem'), environment: attempt('/proc/self/environ'),
    }))`
    const { cert, key } = makePair(['web.example'])
    const passphrase = 'open sesame'
    const encrypted = createPrivateKey(key).export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase })
    const tree = await startTree(t, {
      files: { 'app.mjs': source, 'web.cert.pem': cert, 'web.key.pem': String(encrypted) },
      owner: 0,
      config: configOf({ user: 'nobody', tls: { cert: 'web.cert.pem', key: 'web.key.pem', passphrase } }),
      ...openProgram(t),
    })
    chmodSync(join(tree.dir, 'web.key.pem'), 0o600)
    assert.equal((await tree.cli('reload', '--wait')).code, 0)
    const answer = JSON.parse(String((await request(tree.url)).body))
    assert.deepEqual([answer.uid, answer.key], [nobody, 'EACCES'])
    assert.match(answer.environment, /SAOLA_WORKER=/)
    assert.doesNotMatch(answer.environment, /sesame|PRIVATE KEY/)
  },
)

/** An authority and a certificate of it. */
function clientCertificates(t: TestContext): [ca: string, client: { cert: string; key: string }] {
  const dir = mkdtempSync(join(tmpdir(), 'saola-client-'))
  t.after(() => rmSync(dir, { recursive: true }))
  const files = { cert: join(dir, 'cert'), key: join(dir, 'key') }
  const args = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-subj',
    '/O=Shop/CN=alice',
  ]
  const { status, stderr } = spawnSync('openssl', [...args, '-keyout', files.key, '-out', files.cert], {
    encoding: 'utf8',
  })
  assert.equal(status, 0, stderr)
  return [readFileSync(files.cert, 'utf8'), files]
}

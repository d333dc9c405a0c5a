import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import tls, { type ConnectionOptions, type TLSSocket } from 'node:tls'
import fc from 'fast-check'
import { fairMs } from '../../../test/support/busy-machine.ts'
import { makePair } from '../../../test/support/pairs.ts'
import { systemClock } from '../../base/clock.ts'
import { createLog } from '../../base/log.ts'
import type { EdgeServices } from '../services.ts'
import type { Credentials } from './credentials.ts'
import { type TlsSettings, tlsOptions } from './options.ts'
import { createTls } from './tls-front.ts'

const pairs = {
  first: { ...makePair(['first.example']), names: ['first.example'] },
  shop: { ...makePair(['shop.example', '*.shop.example']), names: ['shop.example', '*.shop.example'] },
  other: { ...makePair(['other.example']), names: ['other.example'] },
}
const ticketKeys = Buffer.alloc(48, 'k').toString('base64')
const bare: Credentials = { identities: [pairs.first], ca: undefined, ticketKeys }

interface Stage {
  readonly port: number
  change(credentials: Credentials): void
  /** The connections that came through, as the application would see them. */
  readonly through: TLSSocket[]
}

/** A front that answers every connection with what it knows of it. */
async function stage(t: TestContext, settings: object = {}, credentials: Credentials = bare): Promise<Stage> {
  const listeners: ((credentials: Credentials) => void)[] = []
  const services: EdgeServices = {
    worker: 'web:0',
    app: 'web',
    workers: 1,
    clock: systemClock,
    log: createLog({ write: ({ event, fields }) => assert.fail(`${event} ${fields.error}`) }),
    openStore: () => assert.fail(),
    credentials: { current: credentials, onChange: listener => void listeners.push(listener) },
  }
  const through: TLSSocket[] = []
  const front = createTls(tlsOptions.parse({ cert: 'c', key: 'k', ...settings }) as TlsSettings, services, {
    onHttp1(socket) {
      through.push(socket)
      socket.on('error', () => {})
      const subject = socket.authorized ? socket.getPeerX509Certificate()?.subject : undefined
      socket.end(JSON.stringify({ isReused: socket.isSessionReused(), subject }))
    },
    onHttp2: () => assert.fail(),
  })
  const server = net.createServer({ allowHalfOpen: true }, socket => front.accept(socket)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    void front.close()
    for (const socket of through) socket.destroy()
  })
  const change = (next: Credentials) => {
    for (const listener of listeners) listener(next)
  }
  return { port: (server.address() as net.AddressInfo).port, change, through }
}

interface Talk {
  readonly names: string | undefined
  readonly protocol: string | null
  readonly alpn: string | false | null
  readonly answer: { readonly isReused: boolean; readonly subject?: string }
  readonly session: Buffer | undefined
}

/** One connection to its end. Rejects when it is refused. */
function talk(port: number, options: ConnectionOptions = {}): Promise<Talk> {
  return new Promise((resolve, reject) => {
    const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options })
    let text = ''
    let session: Buffer | undefined
    let known: Pick<Talk, 'names' | 'protocol' | 'alpn'>
    socket.on('secureConnect', () => {
      const { subjectaltname: names } = socket.getPeerCertificate()
      known = { names, protocol: socket.getProtocol(), alpn: socket.alpnProtocol }
      session ??= socket.getSession()
    })
    socket.on('session', ticket => {
      session = ticket
    })
    socket.on('data', chunk => {
      text += chunk
    })
    socket.on('error', reject)
    socket.on('close', () => {
      if (text === '') reject(new Error('closed without an answer'))
      else resolve({ ...known, answer: JSON.parse(text), session })
    })
  })
}

test('the name that a client asks for chooses the certificate', async t => {
  const { port } = await stage(t, {}, { ...bare, identities: [pairs.first, pairs.shop, pairs.other] })
  const cases = {
    'shop.example': 'DNS:shop.example, DNS:*.shop.example',
    'API.shop.example': 'DNS:shop.example, DNS:*.shop.example',
    'other.example': 'DNS:other.example',
    'first.example': 'DNS:first.example',
    'unknown.example': 'DNS:first.example',
    'a.b.shop.example': 'DNS:first.example',
  }
  for (const [servername, names] of Object.entries(cases)) {
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      assert.equal((await talk(port, { servername, maxVersion })).names, names, servername)
    }
  }
  assert.equal((await talk(port)).names, 'DNS:first.example')
})

test('no name, however odd, ends the process or is answered with more than an alert', async t => {
  const { port } = await stage(t, {}, { ...bare, identities: [pairs.first, pairs.shop] })
  const odd = fc.oneof(
    fc.string({ unit: 'binary', minLength: 1, maxLength: 200 }),
    fc.constantFrom('.', '*.shop.example', '__proto__', 'constructor', `${'a'.repeat(250)}.x`, '.shop.example', '\0'),
  )
  await fc.assert(
    fc.asyncProperty(odd, servername =>
      talk(port, { servername }).then(
        () => {},
        () => {},
      ),
    ),
    { numRuns: 150 },
  )
  assert.equal((await talk(port, { servername: 'shop.example' })).names, 'DNS:shop.example, DNS:*.shop.example')
})

test('HTTP/1.1 is agreed on, and what is without ALPN is taken as that', async t => {
  const { port } = await stage(t)
  assert.equal((await talk(port, { ALPNProtocols: ['http/1.1'] })).alpn, 'http/1.1')
  assert.equal((await talk(port)).alpn, false)
  // RFC 7301, 3.2: a fatal alert.
  await assert.rejects(talk(port, { ALPNProtocols: ['spdy/3'] }), {
    code: 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL',
  })
})

test('nothing below TLS 1.2 is spoken, and nothing below 1.3 when that is asked for', async t => {
  const usual = await stage(t)
  const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const
  await assert.rejects(talk(usual.port, old), /ALERT_PROTOCOL_VERSION|alert protocol version/)
  assert.equal((await talk(usual.port, { maxVersion: 'TLSv1.2' })).protocol, 'TLSv1.2')
  const strict = await stage(t, { minVersion: 'TLSv1.3' })
  await assert.rejects(talk(strict.port, { maxVersion: 'TLSv1.2' }), /alert protocol version/)
  assert.equal((await talk(strict.port)).protocol, 'TLSv1.3')
})

test('of TLS 1.2 only suites with forward secrecy and AEAD are taken', async t => {
  const { port } = await stage(t)
  for (const ciphers of ['AES128-GCM-SHA256', 'ECDHE-ECDSA-AES128-SHA', 'ECDHE-ECDSA-AES256-SHA384']) {
    await assert.rejects(talk(port, { ciphers, maxVersion: 'TLSv1.2' }), /handshake failure/)
  }
})

for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`a session of ${maxVersion} goes on in another worker, also after a new certificate, not after new keys`, async t => {
    const identities = [pairs.first, pairs.shop]
    const [one, other] = [await stage(t, {}, { ...bare, identities }), await stage(t, {}, { ...bare, identities })]
    for (const servername of ['first.example', 'shop.example']) {
      const options = { maxVersion, servername }
      const { session } = await talk(one.port, options)
      assert.equal((await talk(other.port, { ...options, session })).answer.isReused, true, servername)
    }
    const { session } = await talk(one.port, { maxVersion })
    other.change({ ...bare, identities: [pairs.other, pairs.shop] })
    assert.equal((await talk(other.port, { maxVersion, session })).answer.isReused, true)
    assert.equal((await talk(other.port, { maxVersion })).names, 'DNS:other.example')
    other.change({ ...bare, identities, ticketKeys: Buffer.alloc(48, 'n').toString('base64') })
    assert.equal((await talk(other.port, { maxVersion, session })).answer.isReused, false)
  })
}

test('who begins no handshake, or never ends it, is cut off in time', async t => {
  const { port, through } = await stage(t, { handshakeTimeout: '200ms' })
  for (const first of ['', '\x16\x03\x01', 'GET / HTTP/1.1\r\n\r\n']) {
    const socket = net.connect(port, '127.0.0.1')
    socket.on('error', () => {})
    socket.resume()
    socket.write(first)
    const startedAt = performance.now()
    await once(socket, 'close')
    assert.ok(performance.now() - startedAt < fairMs(5_000))
  }
  assert.equal(through.length, 0)
  assert.equal((await talk(port)).answer.isReused, false)
})

/** Client certificates, made by OpenSSL: ours are for servers. */
function clientPair(t: TestContext, subject: string): { cert: string; key: string } {
  const dir = mkdtempSync(join(tmpdir(), 'saola-client-'))
  t.after(() => rmSync(dir, { recursive: true }))
  const [cert, key] = [join(dir, 'cert'), join(dir, 'key')]
  const args = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-utf8',
    '-subj',
    subject,
  ]
  const { status, stderr } = spawnSync('openssl', [...args, '-keyout', key, '-out', cert], { encoding: 'utf8' })
  assert.equal(status, 0, stderr)
  return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') }
}

for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`only a certificate of the authority lets a client in with ${maxVersion}, also in a resumed session`, async t => {
    const [alice, mallory] = [clientPair(t, '/O=Shop/CN=alice'), clientPair(t, '/O=Shop/CN=alice')]
    const credentials = { ...bare, ca: alice.cert }
    const settings = { ca: 'ca', clientCertificate: 'required' }
    const [one, other] = [await stage(t, settings, credentials), await stage(t, settings, credentials)]
    const first = await talk(one.port, { ...alice, maxVersion })
    assert.equal(first.answer.subject, 'O=Shop\nCN=alice')
    const { session } = first
    const resumed = await talk(other.port, { maxVersion, session })
    assert.deepEqual(resumed.answer, { isReused: true, subject: 'O=Shop\nCN=alice' })
    await assert.rejects(talk(one.port, { maxVersion }))
    const stolen = await sessionOfRefused(one.port, { ...mallory, maxVersion })
    await assert.rejects(talk(other.port, { ...mallory, maxVersion, session: stolen }))
    assert.equal(one.through.length + other.through.length, 2)
  })

  test(`an optional certificate may be absent with ${maxVersion}, not wrong; a resumed session claims none`, async t => {
    const [alice, mallory] = [clientPair(t, '/CN=alice'), clientPair(t, '/CN=alice')]
    const { port } = await stage(t, { ca: 'ca', clientCertificate: 'optional' }, { ...bare, ca: alice.cert })
    assert.equal((await talk(port, { ...alice, maxVersion })).answer.subject, 'CN=alice')
    const { session, answer } = await talk(port, { maxVersion })
    assert.equal(answer.subject, undefined)
    assert.deepEqual((await talk(port, { maxVersion, session })).answer, { isReused: true })
    await assert.rejects(talk(port, { ...mallory, maxVersion }))
    const stolen = await sessionOfRefused(port, { ...mallory, maxVersion })
    const claimed = await talk(port, { maxVersion, session: stolen }).catch(() => undefined)
    assert.equal(claimed?.answer.subject, undefined)
  })
}

/** What a client that is not let in may have got all the same. */
async function sessionOfRefused(port: number, options: ConnectionOptions): Promise<Buffer | undefined> {
  const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options })
  let session: Buffer | undefined
  socket.on('error', () => {})
  socket.on('secureConnect', () => {
    session ??= socket.getSession()
  })
  socket.on('session', ticket => {
    session = ticket
  })
  socket.resume()
  await new Promise(resolve => socket.once('close', resolve))
  return session
}

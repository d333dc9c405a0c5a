import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import net from 'node:net'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import tls from 'node:tls'
import { promisify } from 'node:util'
import { Redis } from 'ioredis'
import { checkConfig } from '../src/config/check.ts'
import { openStore } from '../src/store.ts'
import { certificate } from './support/certificate.ts'
import { waitTimeoutMs } from './support/http-connection.ts'
import { doorDefaults, openNetworkDoor, tlsFiles } from './support/network-door.ts'
import { connectResp } from './support/resp-client.ts'

const password = 'the password of this test'
const run = promisify(execFile)
const redisCli = (...args: string[]) => run('redis-cli', args, { timeout: waitTimeoutMs })

/** An address of this machine that is not loopback; undefined where there is none. */
const outside = Object.values(networkInterfaces())
  .flat()
  .find(each => each?.family === 'IPv4' && !each.internal)?.address

describe('a wrong password', () => {
  it('fails at once with one clear error: ioredis', async t => {
    const door = await openNetworkDoor(t, { password })
    const redis = new Redis({ port: door.port, password: 'wrong', retryStrategy: () => null, maxRetriesPerRequest: 0 })
    t.after(() => redis.disconnect())
    const [error] = await once(redis, 'error')
    assert.match(String(error.message), /^WRONGPASS invalid username-password pair or user is disabled\.$/)
  })

  it('fails at once with one clear error: redis-cli', async t => {
    const door = await openNetworkDoor(t, { password })
    const { stdout, stderr } = await redisCli('-p', String(door.port), '-a', 'wrong', '--no-auth-warning', 'GET', 'a')
    assert.match(stdout + stderr, /WRONGPASS invalid username-password pair/)
    const right = await redisCli('-p', String(door.port), '-a', password, '--no-auth-warning', 'SET', 'a', '1')
    assert.equal(right.stdout.trim(), 'OK')
  })

  it('fails at once with one clear error: saola/store', async t => {
    const door = await openNetworkDoor(t, { password })
    const url = `saola://localhost:${door.port}`
    // Far longer than any machine stands still: whoever is refused must not wait for it.
    const longMs = 300_000
    await using wrong = openStore({ url, password: 'wrong', timeoutMs: longMs })
    const startedAt = performance.now()
    const error = { code: 'STORE_NO_AUTH', message: `The store at localhost:${door.port} refused the password.` }
    await assert.rejects(wrong.map('a').set('b', 1), error)
    await assert.rejects(wrong.list('a').take({ timeout: `${longMs}ms` }), error)
    assert.ok(performance.now() - startedAt < longMs / 10)
    await using none = openStore({ url })
    await assert.rejects(none.counter('a').increment(), {
      code: 'STORE_NO_AUTH',
      message: /wants a password, and got none/,
    })
    // In the address it is as good.
    await using right = openStore({ url: `saola://:${encodeURIComponent(password)}@localhost:${door.port}` })
    assert.equal(await right.counter('a').increment(), 1)
  })

  it('is told in the log once, with the address', async t => {
    const door = await openNetworkDoor(t, { password })
    for (let i = 0; i < 3; i++) await (await connectResp(t, door)).ask('AUTH', 'wrong')
    const lines = door.events.filter(({ event }) => event === 'store.password-wrong')
    assert.equal(lines.length, 1)
    assert.match(String(lines[0]?.fields.address), /^127\.0\.0\.1:\d+$/)
  })
})

describe('a wrong setting of TLS', () => {
  it('says so on either side: plain clients at a door with TLS', async t => {
    const door = await openNetworkDoor(t, { tls: tlsFiles(t), password })
    const client = await connectResp(t, door)
    assert.match(String(await client.ask('PING')), /^-ERR this port speaks TLS only/)
    assert.deepEqual(await client.rest(), [])
    assert.match(String((await door.event('store.tls-refused')).reason), /does not speak TLS/)
    const { stdout, stderr } = await redisCli('-p', String(door.port), 'PING')
    assert.match(stdout + stderr, /speaks TLS only: use rediss:\/\//)
    await using store = openStore({ url: `saola://localhost:${door.port}`, password })
    await assert.rejects(store.map('a').get('b'), {
      code: 'STORE_UNSUPPORTED',
      message: /speaks TLS only: use saolas:\/\//,
    })
  })

  it('says so on either side: TLS clients at a door without', async t => {
    const door = await openNetworkDoor(t, { password })
    const socket = tls.connect({ port: door.port, ca: certificate.cert })
    const [error] = await once(socket, 'error')
    assert.equal(error.code, 'ERR_SSL_WRONG_VERSION_NUMBER')
    assert.match(String((await door.event('store.tls-refused')).reason), /speaks TLS, and this port does not/)
    await using store = openStore({ url: `saolas://localhost:${door.port}`, password, ca: certificate.cert })
    await assert.rejects(store.map('a').get('b'), {
      code: 'STORE_UNSUPPORTED',
      message: /speaks no TLS: use saola:\/\//,
    })
  })

  it('says so when nobody trusts the certificate', async t => {
    const door = await openNetworkDoor(t, { tls: tlsFiles(t), password })
    await using store = openStore({ url: `saolas://localhost:${door.port}`, password })
    await assert.rejects(store.map('a').get('b'), { code: 'STORE_NO_AUTH', message: /not trusted .*as ca\.$/ })
  })

  it('says so when the client has no certificate and needs one', async t => {
    const files = tlsFiles(t)
    const door = await openNetworkDoor(t, { tls: { ...files, ca: files.cert, requireCert: true }, password })
    const url = `saolas://localhost:${door.port}`
    const ca = certificate.cert
    await using without = openStore({ url, password, ca })
    await assert.rejects(without.map('a').get('b'), { code: 'STORE_NO_AUTH', message: /give cert and key/ })
    await using store = openStore({ url, password, ca, cert: certificate.cert, key: certificate.key })
    assert.equal(await store.counter('a').increment(), 1)
  })

  it('is no TLS before 1.2, and AES-256-GCM is first', async t => {
    const door = await openNetworkDoor(t, { tls: tlsFiles(t) })
    const old = tls.connect({ port: door.port, ca: certificate.cert, minVersion: 'TLSv1', maxVersion: 'TLSv1.1' })
    await once(old, 'error')
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      const ciphers =
        'ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384'
      const socket = tls.connect({
        port: door.port,
        servername: 'localhost',
        ca: certificate.cert,
        maxVersion,
        ciphers,
      })
      await once(socket, 'secureConnect')
      assert.match(socket.getCipher().name, /AES_?256[_-]GCM/)
      socket.destroy()
    }
  })
})

describe('an address that is not allowed', () => {
  it('is closed before it can send', async t => {
    const door = await openNetworkDoor(t, { allow: ['10.99.0.0/16', '2001:db8::/32'] })
    const socket = net.connect(door.port, door.host)
    t.after(() => socket.destroy())
    let answered = ''
    socket.on('data', chunk => {
      answered += chunk
    })
    socket.on('error', () => {})
    socket.write('PING\r\n')
    await new Promise(resolve => socket.once('close', resolve))
    assert.equal(answered, '')
    assert.equal(door.owner.requests, 0)
    assert.match(String((await door.event('store.address-forbidden')).address), /^127\.0\.0\.1:/)
  })

  it('is one by what it is, in whatever form it comes', async t => {
    const listen = [{ kind: 'tcp', host: '::1', port: 0 } as const]
    const door = await openNetworkDoor(t, { listen, allow: ['127.0.0.0/8'] })
    const refused = net.connect(door.port, '::1')
    refused.on('error', () => {})
    await new Promise(resolve => refused.once('close', resolve))
    const open = await openNetworkDoor(t, { listen, allow: ['::1'] })
    assert.equal(await (await connectResp(t, { port: open.port, host: '::1' })).ask('PING'), 'PONG')
  })

  it('comes as IPv4 also over a socket for both', { skip: outside === undefined }, async t => {
    const listen = [{ kind: 'tcp', host: '', port: 0 } as const]
    const door = await openNetworkDoor(t, { listen, password, tls: tlsFiles(t), allow: ['127.0.0.1'] })
    const client = await connectResp(
      t,
      { port: door.port, host: '127.0.0.1' },
      { servername: 'localhost', ca: certificate.cert },
    )
    assert.equal(await client.ask('AUTH', password), 'OK')
    const refused = net.connect(door.port, outside as string)
    refused.on('error', () => {})
    await new Promise(resolve => refused.once('close', resolve))
    await door.event('store.address-forbidden')
  })
})

describe('protected mode', () => {
  const everywhere = { kind: 'tcp', host: '0.0.0.0', port: 0 } as const

  it('opens no door to other machines without a password and TLS', async t => {
    const words = /^store\.listen: other machines reach 0\.0\.0\.0:0, .* set store\.password/
    await assert.rejects(openNetworkDoor(t, { listen: [everywhere] }), { code: 'ERR_CONFIG_INVALID', message: words })
    await assert.rejects(
      openNetworkDoor(t, { listen: [everywhere], password }),
      /set store\.tls\.cert and store\.tls\.key/,
    )
    await assert.rejects(openNetworkDoor(t, { listen: [...doorDefaults.listen, everywhere] }), /other machines/)
    await openNetworkDoor(t, { listen: [everywhere], password, tls: tlsFiles(t) })
  })

  it('is a problem of the configuration', t => {
    const dir = mkdtempSync(join(tmpdir(), 'saola-config-'))
    t.after(() => rmSync(dir, { recursive: true }))
    const problemsOf = (store: object) =>
      checkConfig(
        {
          raw: { apps: { web: { app: import.meta.filename } }, store },
          origins: new Map(),
          problems: [],
          warnings: [],
        },
        { dir, env: {} },
      ).problems
    assert.deepEqual(problemsOf({ listen: '127.0.0.1:9980' }), [])
    const [problem, ...others] = problemsOf({ listen: ':9980', password: 'x' })
    assert.match(problem ?? '', /^store\.listen is refused: other machines reach :9980, .* set store\.tls\.cert and/)
    assert.deepEqual(others, [])
    assert.match(String(problemsOf({ listen: 'fd://3' })), /store\.listen expected HOST:PORT/)
    const tlsSettings = { cert: 'a', key: 'b', requireCert: true }
    assert.match(String(problemsOf({ listen: '127.0.0.1:1', tls: tlsSettings })), /store\.tls\.ca is needed/)
    assert.doesNotMatch(String(problemsOf({ password: ['hidden'] })), /hidden/)
  })
})

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, type TestContext, test } from 'node:test'
import { openProxy } from '../../../../test/support/breakable-proxy.ts'
import { fairMs } from '../../../../test/support/busy-machine.ts'
import { certificate } from '../../../../test/support/certificate.ts'
import { waitTimeoutMs } from '../../../../test/support/http-connection.ts'
import { startRedis } from '../../../../test/support/redis-server.ts'
import type { Engine } from '../engine.ts'
import { RedisEngine } from './redis.ts'

const started = startRedis({ after: close => after(close as () => Promise<void>) })

function openEngine(t: TestContext, url: string, timeoutMs = 5_000): RedisEngine {
  const engine = new RedisEngine({ url, timeoutMs })
  t.after(() => engine.close())
  return engine
}

test('a write whose connection breaks before the answer is done once at most, and says so; what was not sent follows', async t => {
  const { port, url } = await started
  const proxy = await openProxy(t, port)
  const [engine, beside] = [openEngine(t, proxy.url), openEngine(t, url)]
  await engine.call(['del', 'n'])
  for (let i = 1; i <= 5; i++) {
    proxy.state.isMute = true
    const write = engine.call(['saola.counter.increment', 'n', 1, 0])
    const plain = engine.call(['rpush', 'l', 'x'])
    const read = engine.call(['get', 'n'])
    // It has arrived.
    while (String(await beside.call(['get', 'n'])) !== String(i)) await beside.call(['ping'])
    proxy.cut()
    proxy.state.isMute = false
    const broken = { code: 'STORE_TIMEOUT', message: /broke before .* it may have been carried out or not/ }
    await assert.rejects(write, broken)
    await assert.rejects(plain, broken)
    // It was sent again; and this one had to wait for a connection.
    const later = engine.call(['rpush', 'later', i])
    assert.equal(String(await read), String(i))
    assert.equal(await later, i)
  }
  assert.equal(String(await beside.call(['get', 'n'])), '5')
  await beside.call(['flushall'])
})

test('a call that is not answered in time ends, and those behind it are answered', async t => {
  const { port } = await started
  const proxy = await openProxy(t, port)
  const engine = openEngine(t, proxy.url, 300)
  await engine.call(['ping'], { timeoutMs: waitTimeoutMs })
  proxy.state.isMute = true
  await assert.rejects(engine.call(['set', 'a', 'x']), { code: 'STORE_TIMEOUT', message: /may have been carried out/ })
  proxy.cut()
  proxy.state.isMute = false
  assert.equal(String(await engine.call(['get', 'a'], { timeoutMs: waitTimeoutMs })), 'x')
})

test('more calls than may wait are refused, also when their callers have given up', async t => {
  const { port } = await started
  const proxy = await openProxy(t, port)
  const engine = openEngine(t, proxy.url, 400)
  await engine.call(['ping'], { timeoutMs: waitTimeoutMs })
  proxy.state.isMute = true
  const calls = Array.from({ length: 20_001 }, () => engine.call(['get', 'a']))
  await assert.rejects(calls.at(-1) as Promise<unknown>, { code: 'STORE_BUSY' })
  const outcomes = await Promise.allSettled(calls)
  assert.ok(outcomes.every(({ status }) => status === 'rejected'))
  await assert.rejects(engine.call(['get', 'a']), { code: 'STORE_BUSY' })
})

test('nobody there: the call says that nothing was sent, and where it looked, without the password', async t => {
  const { port } = await started
  const nobody = openEngine(t, `redis://:hush@127.0.0.1:1`, 200)
  await assert.rejects(nobody.call(['get', 'a']), (error: Error & { code: string }) => {
    assert.match(error.message, /^Redis at redis:\/\/127\.0\.0\.1:1 could not be reached in time .*nothing was sent\.$/)
    return error.code === 'STORE_UNAVAILABLE'
  })
  // The first of several that answers is used.
  const several = openEngine(t, `redis://127.0.0.1:1,redis://127.0.0.1:${port}`)
  assert.deepEqual(await several.call(['exists', 'nothing']), 0)
})

test('a wrong password and none are said at once', async t => {
  const server = await startRedis(t)
  const { port } = server
  await server.ask('CONFIG', 'SET', 'requirepass', 'right')
  for (const user of [':wrong@', '']) {
    const engine = openEngine(t, `redis://${user}127.0.0.1:${port}`)
    const began = performance.now()
    await assert.rejects(engine.call(['get', 'a']), { code: 'STORE_NO_AUTH', message: /refuses the user or password/ })
    await assert.rejects(engine.call(['get', 'a']), (error: Error) => !error.message.includes('wrong@'))
    assert.ok(performance.now() - began < fairMs(2_000))
  }
  assert.equal(await openEngine(t, `redis://:right@127.0.0.1:${port}`).call(['exists', 'a']), 0)
})

test('a database that is not there is said at once, for every call, and nothing goes to another one', async t => {
  const server = await startRedis(t)
  const cluster = await startRedis(t, { args: ['--cluster-enabled', 'yes'] })
  for (const [url, says] of [
    [`${server.url}/99`, /DB index is out of range/],
    [`${cluster.url}/3`, /SELECT is not allowed in cluster mode/],
  ] as const) {
    const engine = openEngine(t, url)
    const began = performance.now()
    for (const call of [
      ['set', 'a', 'x'],
      ['dbsize'],
      ['del', 'a', 'b'],
      ['publish', 'c', 'm'],
      ['flushdb'],
    ] as const) {
      await assert.rejects(engine.call(call), { code: 'STORE_UNAVAILABLE', message: says }, call[0])
    }
    assert.ok(performance.now() - began < fairMs(2_000))
  }
  assert.equal(await server.ask('DBSIZE'), ':0')
  // Also after it was there: the server comes back with fewer.
  const proxy = await openProxy(t, server.port)
  const few = await startRedis(t, { args: ['--databases', '2'] })
  const engine = openEngine(t, `${proxy.url}/5`)
  await engine.call(['set', 'a', 'x'])
  proxy.state.port = few.port
  proxy.cut()
  const outcomes: unknown[] = []
  do outcomes.push(await engine.call(['set', 'a', 'x'], { timeoutMs: 1_000 }).catch((error: Error) => error.message))
  while (!/out of range/.test(String(outcomes.at(-1))) && outcomes.length < 10)
  assert.match(String(outcomes.at(-1)), /out of range/)
  assert.equal(await few.ask('DBSIZE'), ':0')
  proxy.state.port = server.port
})

test('all calls end within their time when nobody is there', async t => {
  const engine = openEngine(t, 'redis://127.0.0.1:1', 300)
  for (const call of [
    ['dbsize'],
    ['ping'],
    ['del', 'a', 'b'],
    ['publish', 'c', 'm'],
    ['saola.keys.page', '-', '*', 10],
  ] as const) {
    await assert.rejects(engine.call(call), { code: 'STORE_UNAVAILABLE' }, call[0])
  }
})

test('TLS: a certificate that is named is trusted, and what is wrong is said', async t => {
  const dir = mkdtempSync(join(tmpdir(), 'saola-tls-'))
  t.after(() => rmSync(dir, { recursive: true }))
  const [key, cert] = [join(dir, 'key.pem'), join(dir, 'cert.pem')]
  writeFileSync(key, certificate.key)
  writeFileSync(cert, certificate.cert)
  const port = await freePort()
  const files = ['--tls-cert-file', cert, '--tls-key-file', key, '--tls-ca-cert-file', cert, '--tls-auth-clients', 'no']
  const server = await startRedis(t, { args: ['--tls-port', String(port), ...files] })
  const trusted = openEngine(t, `rediss://localhost:${port}?ca=${encodeURIComponent(cert)}`)
  assert.equal(await trusted.call(['exists', 'a']), 0)
  const says = async (url: string, message: RegExp, timeoutMs?: number) => {
    await assert.rejects(openEngine(t, url, timeoutMs).call(['get', 'a']), { code: 'STORE_UNAVAILABLE', message })
  }
  await says(`rediss://localhost:${port}`, /No TLS connection .* \?ca=FILE/)
  await says(`redis://127.0.0.1:${port}`, /if it speaks TLS: rediss:/, 700)
  await says(`rediss://127.0.0.1:${server.port}`, /if it speaks no TLS: redis:/, 700)
})

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

test('what Redis refuses has the code of the same on a machine of its own', async t => {
  const server = await startRedis(t)
  const engine = openEngine(t, server.url)
  await engine.call(['rpush', 'l', ...Array.from({ length: 5_000 }, (_, i) => i)])
  await engine.call(['config', 'set', 'maxmemory', 1])
  for (const call of [
    ['set', 'a', 'x'],
    ['saola.map.set', 'm', 0, '-', 'f', 'v'],
    ['saola.list.reverse', 'l'],
    ['saola.list.sort', 'l', 'NUMERIC'],
    ['saola.list.splice', 'l', 10, 2, 'y'],
  ] as const) {
    await assert.rejects(engine.call(call), { code: 'STORE_FULL' }, call[0])
  }
  // Refused as a whole.
  assert.equal(await engine.call(['llen', 'l']), 5_000)
  assert.equal(await engine.call(['del', 'l']), 1)
  await engine.call(['config', 'set', 'maxmemory', 0])
  await engine.call(['replicaof', '127.0.0.1', 1])
  await assert.rejects(engine.call(['set', 'a', 'x']), { code: 'STORE_UNAVAILABLE', message: /READONLY/ })
})

test('scripts that Redis has lost are given to it again', async t => {
  const engine: Engine = openEngine(t, (await started).url)
  await engine.call(['hset', 'm', 'f', 'x'])
  await engine.call(['script', 'flush'])
  assert.equal(await engine.call(['hset', 'm', 'f', 'y']), 0)
  assert.deepEqual(await engine.call(['hget', 'm', 'f']), Buffer.from('y'))
  await engine.call(['del', 'm'])
})

test('what would stop the others on the connection is refused, and peek says what to use', async t => {
  const engine = openEngine(t, (await started).url)
  for (const call of [['blpop', 'l', 0], ['multi'], ['subscribe', 'a'], ['select', 1]] as const) {
    await assert.rejects(engine.call(call), { code: 'STORE_UNSUPPORTED' })
  }
  assert.throws(() => engine.readNow(['hget', 'm', 'f']), {
    code: 'STORE_UNSUPPORTED',
    message: /Use get .* instead of peek/,
  })
})

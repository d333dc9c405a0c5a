import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { openStore } from '../src/store.ts'
import { certificate } from './support/certificate.ts'
import { waitTimeoutMs } from './support/http-connection.ts'
import { tlsFiles } from './support/network-door.ts'
import { connectResp } from './support/resp-client.ts'
import { serveStore } from './support/store-server.ts'
import { root } from './support/tree.ts'

const bin = join(root, 'src/bin.ts')
const where = (port: number) => ({ port, host: '127.0.0.1' })

/** Runs it to its end. */
function saola(...args: string[]): Promise<{ code: unknown; stdout: string; stderr: string }> {
  return new Promise(resolve => {
    execFile(process.execPath, [bin, ...args], { timeout: waitTimeoutMs }, (error, stdout, stderr) => {
      resolve({ code: error ? error.code : 0, stdout, stderr })
    })
  })
}

describe('saola store serve', () => {
  it('serves clients of Redis and saola/store, also over its folder, until it is asked to end', async t => {
    const server = await serveStore(t)
    const client = await connectResp(t, where(server.port))
    assert.equal(await client.ask('SET', 'greeting', '"hello"'), 'OK')
    await using far = openStore({ url: `saola://127.0.0.1:${server.port}`, timeoutMs: waitTimeoutMs })
    await far.map('users').set('ann', { age: 41 })
    await using near = openStore({ dir: server.dir, timeoutMs: waitTimeoutMs })
    assert.deepEqual(await near.map('users').get('ann'), { age: 41 })
    const { stdout } = await saola('store', 'get', 'greeting', '--dir', server.dir)
    assert.equal(stdout, '"hello"\n')
    // What is under way is answered.
    client.send(['INCR', 'n'], ['INCR', 'n'])
    assert.equal(await client.next(), 1)
    assert.equal(await server.stop(), 0)
    assert.deepEqual(await client.rest(), [2])
    const events = server
      .output()
      .trim()
      .split('\n')
      .map(line => JSON.parse(line).event)
    assert.deepEqual(events, ['store.listening', 'store.ready', 'store.stopping', 'store.stopped'])
  })

  it('says to people where it is and what to do, ends with SIGINT as well, and keeps what it was given', async t => {
    const server = await serveStore(t, { json: false, env: { SAOLA_STORE_PASSWORD: 'the secret' } })
    assert.match(
      server.output(),
      /Saola [\d.]+ serves the store in .*\n\n {2}store {4}127\.0\.0\.1:\d+ {3}a password, no TLS\n/,
    )
    assert.match(server.output(), /stop {5}Ctrl-C/)
    assert.doesNotMatch(server.output(), /the secret/)
    const client = await connectResp(t, where(server.port))
    assert.match(String(await client.ask('PING')), /^-NOAUTH/)
    assert.equal(await client.ask('AUTH', 'the secret'), 'OK')
    assert.equal(await client.ask('SET', 'a', '1'), 'OK')
    assert.equal(await server.stop('SIGINT'), 0)
    await using store = openStore({ dir: server.dir, timeoutMs: waitTimeoutMs })
    assert.deepEqual(await store.command('get', 'a'), Buffer.from('1'))
  })

  it('takes its password from a file, and speaks TLS', async t => {
    const { cert, key } = tlsFiles(t)
    const dir = mkdtempSync(join(tmpdir(), 'saola-password-'))
    t.after(() => rmSync(dir, { recursive: true }))
    const file = join(dir, 'password')
    writeFileSync(file, 'the secret\n')
    const server = await serveStore(t, { args: ['--password-file', file, '--tls-cert', cert, '--tls-key', key] })
    await using store = openStore({
      url: `saolas://localhost:${server.port}?ca=${cert}`,
      password: 'the secret',
      timeoutMs: waitTimeoutMs,
    })
    assert.equal(await store.counter('a').increment(), 1)
    const client = await connectResp(t, where(server.port), { servername: 'localhost', ca: certificate.cert })
    assert.equal(await client.ask('AUTH', 'the secret'), 'OK')
  })

  it('listens on a socket path, too, for its own user only when there is no password', async t => {
    const path = join(mkdtempSync(join(tmpdir(), 'saola-path-')), 'redis.sock')
    t.after(() => rmSync(join(path, '..'), { recursive: true, force: true }))
    const server = await serveStore(t, { args: ['--listen', '127.0.0.1:0', `unix:${path}`] })
    const client = await connectResp(t, { path })
    assert.equal(await client.ask('PING'), 'PONG')
    assert.match(String(await client.ask('saola.backup', '/tmp/x')), /^-NOPERM/)
    await server.stop()
    assert.equal(existsSync(path), false)
  })

  it('does not start when something is wrong, and says what', async t => {
    const server = await serveStore(t)
    const cases: readonly (readonly [args: readonly string[], ...said: RegExp[]])[] = [
      [
        ['--listen', ':0'],
        /ERR_CONFIG_INVALID.*\n {2}--listen is refused: .*set --password-file or SAOLA_STORE_PASSWORD, and --tls-cert and --tls-key/,
      ],
      [
        [
          ...['--listen', 'nonsense', '--allow', '10.0.0.0/99', '--max-clients', 'many', '--idle-timeout', '5 parsecs'],
          ...['--durability', 'alwys', '--tls-cert', '/nowhere'],
        ],
        /^ {2}--listen expected HOST:PORT/m,
        /^ {2}--allow expected an address or a network/m,
        /^ {2}--max-clients expected a whole number/m,
        /^ {2}--idle-timeout expected a duration/m,
        /^ {2}--durability expected .*did you mean "always"/m,
        /^ {2}--tls-key is missing/m,
      ],
      [
        ['--listen', `127.0.0.1:${server.port}`],
        /Cannot listen on 127\.0\.0\.1:\d+ \(it is in use.*ERR_ADDRESS_UNAVAILABLE/,
      ],
      [['--listen', 'unix:/nowhere/redis.sock'], /Cannot listen on unix:\/nowhere.*ERR_ADDRESS_UNAVAILABLE/],
      [
        ['--listen', '127.0.0.1:0', '--tls-cert', '/nowhere', '--tls-key', '/nowhere'],
        /--tls-cert cannot be read.*ERR_CONFIG_INVALID/,
      ],
      [
        ['--listen', '127.0.0.1:0', '--password-file', '/nowhere'],
        /--password-file cannot be read.*ERR_CONFIG_INVALID/,
      ],
      [['--listen', '127.0.0.1:0', '--password-file', '/dev/null'], /expected a password .*ERR_CONFIG_INVALID/],
      [['--listen', '127.0.0.1:0', '--dir', server.dir], /ERR_ALREADY_RUNNING/],
      [['--listen', '127.0.0.1:0', '--dir', ''], /--dir expected a folder, got "".*ERR_USAGE/],
      [['--lisen', '127.0.0.1:0'], /did you mean --listen\?.*ERR_USAGE/],
    ]
    const parent = mkdtempSync(join(tmpdir(), 'saola-serve-'))
    t.after(() => rmSync(parent, { recursive: true, force: true }))
    const dir = join(parent, 'store')
    for (const [args, ...said] of cases) {
      const { code, stderr } = await saola('store', 'serve', ...(args.includes('--dir') ? [] : ['--dir', dir]), ...args)
      for (const each of said) assert.match(stderr, each)
      assert.doesNotMatch(stderr, /store\.[a-z]/, 'flags were given, and no configuration')
      assert.equal(code, stderr.includes('ERR_USAGE') ? 2 : 1)
      assert.equal(existsSync(dir), false, `${args.join(' ')} has made the folder`)
    }
    assert.equal(await (await connectResp(t, where(server.port))).ask('PING'), 'PONG')
  })

  it('ends at once at the second signal', async t => {
    const server = await serveStore(t)
    const exited = once(server.child, 'exit')
    // Both come before the first one is looked at, or the second finds it gone.
    server.child.kill('SIGTERM')
    server.child.kill('SIGINT')
    const [code] = await exited
    assert.ok(code === 0 || code === 130, `it ended with ${code}`)
  })
})

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import net, { type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { certificate } from '../../test/support/certificate.ts'
import { until } from '../../test/support/until.ts'
import { type Probe, probeOnce } from './probe.ts'
import { isOwnEcho } from './probe-tcp.ts'

const live = new AbortController().signal
const longMs = 20_000

function ask(probe: Probe, timeoutMs = longMs, signal: AbortSignal = live) {
  return probeOnce(probe, { timeoutMs, signal })
}

async function listen(t: TestContext, server: net.Server, host = '127.0.0.1'): Promise<number> {
  server.listen(0, host)
  await once(server, 'listening')
  t.after(() => server.close())
  return (server.address() as AddressInfo).port
}

/** A port that nobody has: it was just given back. */
async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

describe('a probe by TCP', () => {
  const tcp = (port: number, host?: string) => ({ kind: 'tcp', target: { host, port } }) as const

  it('is content with whoever accepts', async t => {
    const port = await listen(
      t,
      net.createServer(socket => socket.end()),
    )
    assert.deepEqual(await ask(tcp(port, '127.0.0.1')), { ok: true })
    assert.deepEqual(await ask(tcp(port, 'localhost')), { ok: true })
    assert.deepEqual(await ask(tcp(port)), { ok: true })
  })

  it('finds on a port alone also who listens by IPv6 only', async t => {
    const hasIpv6 = await new Promise(resolve => {
      const probe = net.createServer().listen(0, '::1')
      probe.once('error', () => resolve(false)).once('listening', () => probe.close(() => resolve(true)))
    })
    if (!hasIpv6) return t.skip('this machine has no IPv6')
    const server = net.createServer(socket => socket.end())
    const port = await listen(t, server, '::1')
    assert.deepEqual(await ask(tcp(port)), { ok: true })
    return undefined
  })

  it('says why nobody is there', async () => {
    const port = await freePort()
    assert.deepEqual(await ask(tcp(port)), { ok: false, reason: `connection refused at 127.0.0.1:${port}` })
    assert.deepEqual(await ask(tcp(port, 'nowhere.invalid')), {
      ok: false,
      reason: `unknown host at nowhere.invalid:${port}`,
    })
  })

  it('does not take itself for the program', async t => {
    // Whoever connects from a port to the same port is connected to himself.
    const port = await freePort()
    const echo = net.connect({ host: '127.0.0.1', port, localAddress: '127.0.0.1', localPort: port })
    const other = net.connect(
      await listen(
        t,
        net.createServer(socket => socket.end()),
      ),
      '127.0.0.1',
    )
    await Promise.all([once(echo, 'connect'), once(other, 'connect')])
    assert.deepEqual([echo, other].map(isOwnEcho), [true, false])
    for (const socket of [echo, other]) socket.destroy()
  })
})

describe('a probe by HTTP', () => {
  const http = (url: string): Probe => ({ kind: 'http', url })

  async function serve(t: TestContext, answer: (request: IncomingMessage) => number, body = 'a body') {
    const seen: IncomingMessage[] = []
    const server: Server = createServer((request, response) => {
      seen.push(request)
      response.writeHead(answer(request), { location: '/elsewhere' }).end(body)
    })
    return { seen, url: `http://127.0.0.1:${await listen(t, server)}` }
  }

  it('is content with a status from 200 to 399, and follows nothing', async t => {
    const { seen, url } = await serve(t, request => Number(request.url?.slice(1, 4)))
    for (const status of [200, 204, 301, 399]) assert.deepEqual(await ask(http(`${url}/${status}?x=1`)), { ok: true })
    for (const status of [400, 404, 503]) {
      assert.deepEqual(await ask(http(`${url}/${status}`)), {
        ok: false,
        reason: `GET ${url}/${status} answered ${status}`,
      })
    }
    assert.equal(seen.length, 7)
    const { method, headers } = seen[0] ?? assert.fail('Nobody was asked.')
    assert.deepEqual([method, headers['user-agent'], headers.connection], ['GET', 'saola-probe', 'close'])
  })

  it('gives the name and the password of its URL, and shows them to nobody', async t => {
    const { seen, url } = await serve(t, () => 503)
    const result = await ask(http(url.replace('//', '//me:pw@')))
    assert.deepEqual(result, { ok: false, reason: `GET ${url}/ answered 503` })
    assert.equal(seen[0]?.headers.authorization, `Basic ${btoa('me:pw')}`)
  })

  it('waits for no body, however long it is', async t => {
    const server = createServer((_request, response) => response.writeHead(200).write('x'.repeat(1024 * 1024)))
    const port = await listen(t, server)
    assert.deepEqual(await ask(http(`http://127.0.0.1:${port}/`)), { ok: true })
    // The connection is ended all the same.
    await until(
      'nobody is connected',
      () => new Promise(resolve => server.getConnections((_, count) => resolve(count === 0))),
    )
  })

  it('says why there is no answer', async t => {
    const port = await freePort()
    const url = `http://127.0.0.1:${port}/`
    assert.deepEqual(await ask(http(url)), { ok: false, reason: `GET ${url}: connection refused` })
    const closing = `http://127.0.0.1:${await listen(
      t,
      net.createServer(socket => socket.destroy()),
    )}/`
    assert.deepEqual(await ask(http(closing)), { ok: false, reason: `GET ${closing}: connection closed` })
    const other = `http://127.0.0.1:${await listen(
      t,
      net.createServer(socket => socket.end('SSH-2.0-x\r\n')),
    )}/`
    assert.deepEqual(await ask(http(other)), { ok: false, reason: `GET ${other}: the answer is no HTTP` })
  })

  it('ends with its time', async t => {
    const sockets: net.Socket[] = []
    const silent = net.createServer(socket => sockets.push(socket.on('error', () => {}).resume()))
    const url = `http://127.0.0.1:${await listen(t, silent)}/`
    assert.deepEqual(await ask(http(url), 50), { ok: false, reason: `GET ${url}: no answer within 50ms` })
    await until('the connection is closed', () => sockets.length === 1 && sockets[0]?.destroyed)
  })

  it('needs no certificate on this machine', async t => {
    const server = createTlsServer(certificate, (_request, response) => response.end('hello'))
    const port = await listen(t, server)
    assert.deepEqual(await ask(http(`https://127.0.0.1:${port}/`)), { ok: true })
  })
})

describe('a probe by a command', () => {
  const run = (script: string, env: NodeJS.ProcessEnv = process.env): Probe => ({
    kind: 'command',
    launch: {
      argv: ['/bin/sh', '-c', script],
      cwd: '/',
      env,
      uid: undefined,
      gid: undefined,
      umask: undefined,
      stdin: 'closed',
      mergesStderr: true,
      sockets: [],
    },
  })

  it('is content with an end of 0, in the place of the program', async () => {
    assert.deepEqual(await ask(run('test "$PWD $A" = "/ b"', { ...process.env, A: 'b' })), { ok: true })
  })

  it('says how else it has ended, with its last words', async () => {
    const cases: readonly (readonly [script: string, reason: string])[] = [
      ['exit 3', 'exited with code 3'],
      ['echo one; echo two >&2; echo; exit 1', 'exited with code 1: two'],
      [`printf 'a\\033[1mb'; exit 1`, 'exited with code 1: a\\u001b[1mb'],
      [`head -c 100000 /dev/zero | tr '\\0' x; exit 1`, `exited with code 1: ${'x'.repeat(300)}`],
      [
        `echo 'Error: no such table: sessions'; echo 'see above'; exit 1`,
        'exited with code 1: Error: no such table: sessions',
      ],
      ['kill -9 $$', 'was ended by SIGKILL'],
    ]
    for (const [script, reason] of cases) {
      assert.deepEqual(await ask(run(script)), { ok: false, reason: `probe command ${reason}` }, script)
    }
  })

  it('says why it cannot be started', async () => {
    const { launch } = run('') as Extract<Probe, { kind: 'command' }>
    for (const wrong of [{ argv: ['/nowhere/at-all'] }, { cwd: '/nowhere' }, { argv: ['a\0b'] }]) {
      const result = await ask({ kind: 'command', launch: { ...launch, ...wrong } })
      assert.match(result.ok ? '' : result.reason, /^probe command cannot be started: /)
    }
  })

  it('is ended with all that it has started, when it takes too long', async t => {
    const folder = mkdtempSync(join(tmpdir(), 'saola-probe-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const file = join(folder, 'pid')
    assert.deepEqual(await ask(run('sleep 1000'), 50), { ok: false, reason: 'probe command was killed after 50ms' })
    const stop = new AbortController()
    const asked = ask(run(`sleep 1000 & echo $! > ${file}.new; mv ${file}.new ${file}; wait`), longMs, stop.signal)
    const pid = await until('it has started another one', () => existsSync(file) && Number(readFileSync(file, 'utf8')))
    stop.abort()
    assert.equal((await asked).ok, false)
    await until('the grandchild is gone', () => !isRunning(pid))
  })

  it('leaves nobody behind, and waits for none of them', async t => {
    const folder = mkdtempSync(join(tmpdir(), 'saola-probe-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const file = join(folder, 'pid')
    assert.deepEqual(await ask(run(`sleep 1000 & echo $! > ${file}`)), { ok: true })
    const pid = Number(readFileSync(file, 'utf8'))
    await until('the grandchild is gone', () => !isRunning(pid))
    const failed = await ask(run('sleep 1000 & echo no; exit 1'))
    assert.deepEqual(failed, { ok: false, reason: 'probe command exited with code 1: no' })
  })
})

describe('a probe that nobody wants any more', () => {
  it('is not begun, or ends at once', async t => {
    const unasked = { ok: false, reason: 'not asked any more' }
    const probe: Probe = { kind: 'tcp', target: { host: undefined, port: 1 } }
    assert.deepEqual(await ask(probe, longMs, AbortSignal.abort()), unasked)
    const silent = net.createServer(socket => socket.on('error', () => {}))
    const url = `http://127.0.0.1:${await listen(t, silent)}/`
    const stop = new AbortController()
    silent.once('connection', () => stop.abort())
    assert.deepEqual(await ask({ kind: 'http', url }, longMs, stop.signal), unasked)
  })
})

/** A zombie that nobody reaps is none. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

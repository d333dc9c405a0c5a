/** nghttp, h2load and WebSocket clients: what they ask of the application and of an upstream. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { WebSocket } from 'ws'
import { waitTimeoutMs } from './support/http-connection.ts'
import { type Site, startSite } from './support/site.ts'

const run = promisify(execFile)

test('clients of HTTP/2 and WebSockets are served', async t => {
  const site = await startSite(t)
  await t.test('nghttp gets a page with all that belongs to it, and nothing that it has not asked for', () =>
    getPage(site),
  )
  await t.test('nghttp posts', () => post(site))
  await t.test('h2load finds no fault, whatever it asks for', () => loadAll(site))
  for (const path of ['/socket', '/api/socket']) {
    await t.test(`${path}: messages of any size and kind, pings, and an end`, () => talk(site, path))
    await t.test(`${path}: messages of the WebSocket of Node`, () => talkPlainly(site, path))
  }
})

async function getPage({ url }: Site): Promise<void> {
  const page = await run('nghttp', ['-ansv', `${url}/static/index.html`], { timeout: waitTimeoutMs, maxBuffer: 1e8 })
  assert.doesNotMatch(page.stdout, /PUSH_PROMISE/)
  const rows = [...page.stdout.matchAll(/ (\d{3}) +\S+ (\/\S+)$/gm)].map(([, status, path]) => [path, status])
  assert.deepEqual(rows.sort(), [
    ['/static/index.html', '200'],
    ['/static/logo.svg', '200'],
    ['/static/script.js', '200'],
    ['/static/style.css', '200'],
  ])
}

async function post({ url, certificate }: Site): Promise<void> {
  for (const path of ['/upload', '/api/upload']) {
    const { stdout } = await run('nghttp', ['-d', certificate, `${url}${path}`], { timeout: waitTimeoutMs })
    assert.equal(JSON.parse(stdout).bytes, readFileSync(certificate).length)
  }
}

async function loadAll({ url }: Site): Promise<void> {
  const paths = ['/static/index.html', '/static/text.txt', '/who', '/api/who', '/invoices/one.txt', '/api/events?end=1']
  const urls = paths.map(path => `${url}${path}`)
  for (const protocol of ['h2', 'http/1.1']) {
    const options = [`--npn-list=${protocol}`, '-n', '600', '-c', '6', '-m', '10']
    const { stdout } = await run('h2load', [...options, ...urls], { timeout: waitTimeoutMs })
    assert.match(stdout, /600 total, 600 started, 600 done, 600 succeeded, 0 failed, 0 errored, 0 timeout/, stdout)
    assert.match(stdout, /600 2xx, 0 3xx, 0 4xx, 0 5xx/)
    assert.match(stdout, new RegExp(`Application protocol: ${protocol}`))
  }
}

async function talk({ url }: Site, path: string): Promise<void> {
  const socket = new WebSocket(`${url.replace('https', 'wss')}${path}`, { rejectUnauthorized: false })
  await once(socket, 'open')
  for (const message of ['a text', randomBytes(1_000_000), Buffer.alloc(0)]) {
    socket.send(message)
    const [echo, isBinary] = await once(socket, 'message')
    assert.deepEqual([Buffer.from(message).equals(echo), isBinary], [true, typeof message !== 'string'])
  }
  socket.ping('still there?')
  assert.equal(String((await once(socket, 'pong'))[0]), 'still there?')
  socket.close(4_000, 'enough')
  assert.deepEqual((await once(socket, 'close')).map(String), ['4000', 'enough'])
}

/** In a process of its own, since it is told at its start which certificates to trust. */
async function talkPlainly({ url, certificate }: Site, path: string): Promise<void> {
  const script = `const socket = new WebSocket('${url.replace('https', 'wss')}${path}')
    socket.onopen = () => socket.send('a text')
    socket.onmessage = ({ data }) => socket.close(data === 'a text' ? 4000 : 4001)
    socket.onclose = ({ code, wasClean }) => console.log(code, wasClean)`
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: certificate }
  const { stdout } = await run(process.execPath, ['-e', script], { env, timeout: waitTimeoutMs })
  assert.equal(stdout, '4000 true\n')
}

/** Sections that change answers, two and two and all at once: what each of them promises holds beside the others, too. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import http, { type RequestListener } from 'node:http'
import http2, { type ClientHttp2Session } from 'node:http2'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, type TestContext, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { certificate } from '../../test/support/certificate.ts'
import { openEdgeStage } from '../../test/support/edge-stage.ts'

const text = 'A herd of saolas crosses the river. '.repeat(200)
const large = text.repeat(15)
const type = { 'Content-Type': 'text/plain', ETag: '"1"', 'X-Powered-By': 'origin' }

interface Form {
  readonly body: string
  readonly answer: RequestListener
}

/** How an application may give the length of its answer, or not. */
const forms: Record<string, Form> = {
  '/whole': { body: text, answer: (_req, res) => void res.writeHead(200, type).end(text) },
  '/large': { body: large, answer: (_req, res) => void res.writeHead(200, type).end(large) },
  '/announced': {
    body: text,
    answer: (_req, res) => {
      res.writeHead(200, { ...type, 'Content-Length': text.length })
      res.write(text.slice(0, 1000))
      res.end(text.slice(1000))
    },
  },
  '/unknown': {
    body: text,
    answer: (_req, res) => {
      res.writeHead(200, type)
      res.write(text.slice(0, 1000))
      res.end(text.slice(1000))
    },
  },
}
const page = `<p>${'Nothing here. '.repeat(200)}</p>`
const own404 = `<h1>${'Not found. '.repeat(200)}</h1>`

const folder = mkdtempSync(join(tmpdir(), 'saola-together-'))
let calls = 0
const application: RequestListener = (req, res) => {
  calls++
  const form = forms[req.url?.split('?')[0] ?? '']
  if (form) form.answer(req, res)
  else res.writeHead(404, { 'Content-Type': 'text/html' }).end(own404)
}
const origin = http.createServer(application)

before(async () => {
  writeFileSync(join(folder, 'file.txt'), text)
  writeFileSync(join(folder, '404.html'), page)
  origin.listen(0, '127.0.0.1')
  await once(origin, 'listening')
})

after(() => {
  origin.closeAllConnections()
  origin.close()
  rmSync(folder, { recursive: true, force: true })
})

const sections: Record<string, () => object> = {
  cache: () => ({ cache: [{ path: '/', ttl: '60s' }] }),
  compression: () => ({ compression: true }),
  static: () => ({ static: { '/': folder } }),
  headers: () => ({ headers: [{ path: '/', set: { 'X-Set': 'yes' }, remove: ['X-Powered-By'] }] }),
  errorPages: () => ({ errorPages: { 404: join(folder, '404.html'), intercept: true } }),
  proxy: () => ({ proxy: { '/': `http://127.0.0.1:${(origin.address() as AddressInfo).port}` } }),
}
const names = Object.keys(sections)
const pairs = names.flatMap((one, index) => names.slice(index + 1).map(other => [one, other]))

interface Told {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: Buffer
}

type Get = (path: string, headers?: Record<string, string>, method?: string) => Promise<Told>

for (const used of [...pairs, names]) {
  test(used.length > 2 ? 'all sections together' : used.join(' and '), async t => {
    const edge = Object.assign({}, ...used.map(name => sections[name]?.()))
    const { url } = await openEdgeStage(t, edge, application, { pair: certificate })
    for (const [protocol, get] of Object.entries(clientsOf(t, url))) {
      for (const accepted of ['gzip', 'identity']) {
        for (const [path, { body }] of Object.entries(forms)) {
          const address = `${path}?${protocol}-${accepted}`
          await checkAnswer({ used, get, address, accepted, body })
        }
        await checkMissing({ used, get, address: `/missing?${protocol}-${accepted}`, accepted })
      }
      const { body, headers } = await get('/file.txt')
      if (used.includes('static')) assert.deepEqual([String(body), headers['cache-status']], [text, undefined])
    }
  })
}

interface Case {
  readonly used: readonly string[]
  readonly get: Get
  readonly address: string
  readonly accepted: string
}

async function checkAnswer({ used, get, address, accepted, body }: Case & { body: string }): Promise<void> {
  const isCached = used.includes('cache')
  const isCoded = used.includes('compression') && accepted === 'gzip'
  const headers = { 'Accept-Encoding': accepted }
  const before = calls
  for (const [time, cacheStatus] of [/^saola; fwd=miss; stored; ttl=60$/, /^saola; hit; ttl=\d+$/].entries()) {
    const told = await get(address, headers)
    const where = `${address}, time ${time + 1}`
    assert.equal(told.status, 200, where)
    assert.equal(plainOf(told), body, where)
    checkHead(used, told, isCoded, where)
    if (isCached) assert.match(String(told.headers['cache-status']), cacheStatus, where)
    else assert.equal(told.headers['cache-status'], undefined, where)
    const { 'content-length': length } = told.headers
    if (length !== undefined) assert.equal(Number(length), told.body.length, where)
  }
  assert.equal(calls - before, isCached ? 1 : 2, address)
  const head = await get(address, headers, 'HEAD')
  assert.equal(head.body.length, 0)
  checkHead(used, head, isCoded, `HEAD ${address}`)
  if (isCached) await checkConditions(get, address, headers, isCoded ? 'W/"1"' : '"1"')
}

function checkHead(used: readonly string[], { headers }: Told, isCoded: boolean, where: string): void {
  assert.equal(headers['content-encoding'], isCoded ? 'gzip' : undefined, where)
  assert.equal(headers.etag, isCoded ? 'W/"1"' : '"1"', where)
  assert.equal(headers.vary, used.includes('compression') ? 'Accept-Encoding' : undefined, where)
  assert.equal(headers['x-set'], used.includes('headers') ? 'yes' : undefined, where)
  assert.equal(headers['x-powered-by'], used.includes('headers') ? undefined : 'origin', where)
}

/** Of what is kept the cache itself gives a part, or says that the client has it: also where it must be fetched first. */
async function checkConditions(get: Get, address: string, headers: Record<string, string>, tag: string): Promise<void> {
  for (const asked of [address, `${address}-again`]) {
    const before = calls
    const unchanged = await get(asked, { ...headers, 'If-None-Match': tag })
    assert.deepEqual([unchanged.status, unchanged.body.length], [304, 0], asked)
    const whole = await get(asked, headers)
    const part = await get(asked, { ...headers, Range: 'bytes=2-9' })
    assert.equal(part.status, 206, asked)
    assert.deepEqual(part.body, whole.body.subarray(2, 10), asked)
    assert.equal(calls - before, asked === address ? 0 : 1, asked)
  }
  const before = calls
  const head = await get(`${address}-head`, headers, 'HEAD')
  assert.match(String(head.headers['cache-status']), /fwd=miss; stored/)
  await get(`${address}-head`, headers)
  assert.equal(calls - before, 1)
}

async function checkMissing({ used, get, address, accepted }: Case): Promise<void> {
  const told = await get(address, { 'Accept-Encoding': accepted })
  const isCoded = used.includes('compression') && accepted === 'gzip'
  assert.equal(told.status, 404)
  assert.equal(plainOf(told), used.includes('errorPages') ? page : own404, address)
  if (!used.includes('errorPages')) assert.equal(told.headers['content-encoding'], isCoded ? 'gzip' : undefined)
  assert.equal(told.headers['x-set'], used.includes('headers') ? 'yes' : undefined)
  const wanted = used.includes('cache') ? 'saola; fwd=miss; detail=status' : undefined
  assert.equal(told.headers['cache-status'], wanted, address)
}

function plainOf({ headers, body }: Told): string {
  return String(headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body)
}

function clientsOf(t: TestContext, url: string): Record<string, Get> {
  const agent = new https.Agent({ keepAlive: true, rejectUnauthorized: false })
  const session = http2.connect(url, { rejectUnauthorized: false })
  session.on('error', () => {})
  t.after(() => {
    agent.destroy()
    session.destroy()
  })
  return {
    http1: (path, headers = {}, method = 'GET') => askHttp1(agent, url + path, { headers, method }),
    http2: (path, headers = {}, method = 'GET') =>
      askHttp2(session, { ...headers, ':path': path, ':method': method, ':authority': 'localhost' }),
  }
}

async function askHttp1(agent: https.Agent, url: string, options: http.RequestOptions): Promise<Told> {
  const request = https.request(url, { agent, ...options }).end()
  const [response] = (await once(request, 'response')) as [http.IncomingMessage]
  const body = Buffer.concat(await response.toArray())
  return { status: response.statusCode ?? 0, headers: response.headers, body }
}

async function askHttp2(session: ClientHttp2Session, headers: http2.OutgoingHttpHeaders): Promise<Told> {
  const stream = session.request(headers)
  const [answer] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders]
  return { status: Number(answer[':status']), headers: answer, body: Buffer.concat(await stream.toArray()) }
}

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { RequestListener } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { edgeOptions } from '../src/edge/options.ts'
import { openEdgeStage } from './support/edge-stage.ts'
import { request } from './support/http-connection.ts'

const application: RequestListener = (req, res) => {
  const [, what, type] = /^\/app\/(\d+)(?:\/(\w+))?/.exec(req.url ?? '') ?? []
  res.setHeader('X-Powered-By', 'something')
  res.setHeader('Server', 'something/1.0')
  if (what === undefined) {
    res.writeHead(200, { 'x-frame-options': 'SAMEORIGIN', 'Content-Security-Policy': "default-src 'self'" })
    res.end('application')
    return
  }
  res.statusCode = Number(what)
  if (type === 'html') res.setHeader('Content-Type', 'text/html')
  if (type === 'json') res.setHeader('Content-Type', 'application/json')
  res.setHeader('ETag', '"own"')
  res.setHeader('Retry-After', '7')
  if (type === 'streamed') {
    res.setHeader('Content-Type', 'text/html')
    res.write('own ')
    setImmediate(() => res.end('body'))
  } else res.end(type === undefined ? undefined : 'own body')
}

test('headers are set, added and removed on every answer', async t => {
  const stage = await openEdgeStage(
    t,
    {
      headers: [
        { path: '/', security: true, set: { 'X-All': 'all' } },
        {
          path: '/api',
          set: { 'X-All': 'api', 'X-Frame-Options': 'SAMEORIGIN' },
          add: { Link: ['</a>; rel=x', '</b>; rel=y'] },
        },
        { path: '/', status: [403], remove: ['x-all'] },
        { path: '/', methods: ['POST'], set: { 'X-Posted': 'yes' } },
      ],
      access: [{ path: '/secret', deny: ['loopback'] }],
      redirects: { '/old': '/new' },
      // In its place among the steps, and never of its own mind, however busy the machine is.
      overload: { loopDelay: '1m' },
    },
    application,
  )
  const headersOf = async (path: string, method = 'GET') => (await request(stage.url, { path, method })).headers

  const own = await headersOf('/')
  assert.equal(own.get('x-powered-by'), undefined)
  assert.equal(own.get('server'), undefined)
  assert.equal(own.get('x-content-type-options'), 'nosniff')
  // The application knows better what it is.
  assert.equal(own.get('x-frame-options'), 'SAMEORIGIN')
  assert.equal(own.get('content-security-policy'), "default-src 'self'")
  assert.equal(own.get('x-all'), 'all')
  assert.equal(own.get('x-posted'), undefined)

  const api = await headersOf('/api/app/x')
  assert.equal(api.get('x-all'), 'api')
  assert.equal(api.get('link'), '</a>; rel=x, </b>; rel=y')

  const refused = await headersOf('/secret')
  assert.equal(refused.get('x-frame-options'), 'DENY')
  assert.equal(refused.get('x-all'), undefined)
  assert.equal((await headersOf('/old')).get('x-content-type-options'), 'nosniff')
  assert.equal((await headersOf('/app/500', 'HEAD')).get('referrer-policy'), 'strict-origin-when-cross-origin')
  assert.equal((await headersOf('/', 'POST')).get('x-posted'), 'yes')
})

test('names and values that would break an answer are refused in the configuration', () => {
  const isRight = (rule: object) => edgeOptions.safeParse({ edge: { headers: [rule] } }).success
  assert.ok(isRight({ set: { 'X-A': 'b', 'Set-Cookie': 'a=b; Path=/', 'X-Empty': '' } }))
  for (const [name, value] of [
    ['X-A', 'b\r\nSet-Cookie: a=b'],
    ['X-A', 'b\nc'],
    ['X-A', '\0'],
    ['X-A', ' b'],
    ['X-A', 'ю'],
    ['X A', 'b'],
    ['X-A:', 'b'],
    ['', 'b'],
    ['Content-Length', '3'],
    ['transfer-encoding', 'chunked'],
    ['Connection', 'close'],
  ] as const) {
    assert.ok(!isRight({ set: { [name]: value } }), `${name}: ${value}`)
    assert.ok(!isRight({ add: { [name]: [value] } }), `${name}: ${value}`)
  }
  assert.ok(!isRight({ remove: ['Content-Length'] }))
})

test('an error of the edge has the page of its status, in the form that the client reads', async t => {
  const { edge, dir } = pages(t)
  const clock = { ms: 0, now: () => clock.ms, date: () => new Date() }
  const stage = await openEdgeStage(t, edge, application, { clock })
  const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
    request(stage.url, { path, headers, method })

  const page = await get('/secret')
  assert.deepEqual([page.status, String(page.body)], [403, '<p>No.</p>'])
  assert.equal(page.headers.get('content-type'), 'text/html; charset=utf-8')
  assert.equal(page.headers.get('cache-control'), 'no-store')
  const head = await get('/secret', {}, 'HEAD')
  assert.deepEqual([head.status, head.headers.get('content-length'), head.body.length], [403, '10', 0])

  for (const Accept of ['application/json', 'application/problem+json;q=0.5', 'APPLICATION/JSON, text/html;q=0']) {
    const problem = await get('/secret?<script>', { Accept })
    assert.equal(problem.headers.get('content-type'), 'application/problem+json', Accept)
    assert.deepEqual(JSON.parse(String(problem.body)), { type: 'about:blank', title: 'Forbidden', status: 403 })
  }
  for (const Accept of [
    '*/*',
    'text/html',
    'application/json, */*;q=0.1',
    'text/plain, application/json',
    'x'.repeat(5_000),
  ]) {
    assert.equal((await get('/secret', { Accept })).headers.get('content-type'), 'text/html; charset=utf-8', Accept)
  }
  await get('/busy')
  // Without a page of its own: a short text, which repeats nothing of the request.
  const plain = await get('/busy/%3Cscript%3E?<script>')
  assert.deepEqual([plain.status, String(plain.body)], [429, '429 Too Many Requests\n'])
  assert.deepEqual(
    [String((await get('/app/502/html')).body), String((await get('/app/403/html')).body)],
    ['own body', 'own body'],
  )

  writeFileSync(join(dir, '403.html'), '<p>Not you.</p>')
  clock.ms += 1_000
  while (String((await get('/secret')).body) !== '<p>Not you.</p>')
    assert.deepEqual(
      stage.events.filter(e => e !== 'edge.file.changed'),
      [],
    )
  rmSync(join(dir, '403.html'))
  clock.ms += 1_000
  while (stage.events.at(-1) !== 'edge.file.refused')
    assert.equal(String((await get('/secret')).body), '<p>Not you.</p>')
})

test('the errors of the application are replaced where it is asked for, and only pages for people', async t => {
  const { edge } = pages(t, { intercept: true })
  const stage = await openEdgeStage(t, { ...edge, headers: [{ set: { 'X-All': 'all' } }] }, application)
  const get = async (path: string, method = 'GET', headers: Record<string, string> = {}) => {
    const answer = await request(stage.url, { path, method, headers })
    return { ...answer, text: String(answer.body) }
  }
  for (const path of ['/app/500/html', '/app/502/streamed', '/app/503']) {
    const { status, text, headers } = await get(path)
    assert.deepEqual([status, text], [Number(path.slice(5, 8)), '<p>Sorry.</p>'])
    assert.equal(headers.get('content-length'), '13')
    assert.equal(headers.get('etag'), undefined)
    assert.equal(headers.get('retry-after'), '7')
    assert.equal(headers.get('x-all'), 'all')
  }
  const head = await get('/app/500/html', 'HEAD')
  assert.deepEqual([head.status, head.headers.get('content-length'), head.body.length], [500, '13', 0])
  assert.equal((await get('/app/500/json')).text, 'own body')
  assert.equal((await get('/app/500/other')).text, 'own body')
  assert.equal((await get('/app/404/html')).text, 'own body')
  assert.equal((await get('/')).text, 'application')
  const problem = await get('/app/500/html', 'GET', { Accept: 'application/json' })
  assert.equal(problem.text, 'own body')
})

test('a page that cannot be used is said at the start', async t => {
  const { dir } = pages(t)
  const open = (file: string) => openEdgeStage(t, { errorPages: { 404: join(dir, file) } })
  await assert.rejects(open('absent.html'), { code: 'ERR_CONFIG_INVALID', message: /absent\.html cannot be read/ })
  writeFileSync(join(dir, 'large.html'), Buffer.alloc(256 * 1024 + 1, 'x'))
  await assert.rejects(open('large.html'), { code: 'ERR_CONFIG_INVALID', message: /larger than 262144 bytes/ })
  for (const wrong of [{ 200: '/a.html' }, { '6xx': '/a.html' }, { 404: '/a.php' }, { interceptt: true }]) {
    assert.ok(!edgeOptions.safeParse({ edge: { errorPages: wrong } }).success, JSON.stringify(wrong))
  }
})

function pages(t: TestContext, more: object = {}) {
  const dir = mkdtempSync(join(tmpdir(), 'saola-pages-'))
  t.after(() => rmSync(dir, { recursive: true }))
  writeFileSync(join(dir, '403.html'), '<p>No.</p>')
  writeFileSync(join(dir, '50x.html'), '<p>Sorry.</p>')
  const edge = {
    access: [{ path: '/secret', deny: ['loopback'] }],
    rateLimit: [{ path: '/busy', rate: '1/h', burst: 1 }],
    redirects: {},
    errorPages: { 403: join(dir, '403.html'), '5xx': join(dir, '50x.html'), ...more },
  }
  return { dir, edge }
}

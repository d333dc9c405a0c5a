import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { test } from 'node:test'
import { type Answer, counting, startCache as start, statusOf } from '../../../test/support/cache-server.ts'
import { reasonToBypass } from './fill-headers.ts'
import { cacheOptions } from './options.ts'

test('an answer is served again, with its age, until its time is over', async t => {
  const { get, calls, move } = await start(t, { ttl: '10s', grace: '0.001s' }, counting())
  assert.equal(statusOf(await get('/')), 'saola; fwd=miss; stored; ttl=10')
  move(4_000)
  const hit = await get('/')
  assert.equal(String(hit.body), 'answer 1')
  assert.equal(hit.headers.get('age'), '4')
  assert.equal(statusOf(hit), 'saola; hit; ttl=6')
  move(6_001)
  assert.equal(String((await get('/')).body), 'answer 2')
  assert.equal(calls.length, 2)
})

test('what must not be kept is not kept', async t => {
  const cases: Record<string, Record<string, string | string[]>> = {
    private: { 'Cache-Control': 'private' },
    'private in capitals': { 'CACHE-CONTROL': 'PRIVATE, Max-Age=10' },
    'private with fields': { 'Cache-Control': 'private="set-cookie", max-age=10' },
    'no-store': { 'Cache-Control': 'no-store' },
    'no-cache': { 'Cache-Control': 'no-cache' },
    'no-cache on a second line': { 'Cache-Control': ['max-age=10', 'no-cache'] },
    'max-age=0': { 'Cache-Control': 'max-age=0' },
    's-maxage=0 before max-age': { 'Cache-Control': 'max-age=100, s-maxage=0' },
    'an old answer': { 'Cache-Control': 'max-age=10', Age: '10' },
    'a contradiction': { 'Cache-Control': 'max-age=10, max-age=20' },
    'a broken list': { 'Cache-Control': 'max-age=10; private' },
    'no number': { 'Cache-Control': 'max-age=1.5' },
    'a cookie': { 'Set-Cookie': 'session=1', 'Cache-Control': 'public, max-age=10' },
    'Vary: *': { Vary: '*' },
    'Vary by an unknown header': { Vary: 'Accept, X-Device' },
    'Expires in the past': { Expires: 'Thu, 01 Jan 1970 00:00:00 GMT' },
    'Expires: 0': { Expires: '0' },
    'a part': { 'Content-Range': 'bytes 0-9/100' },
    'Age is no number': { Age: 'old' },
  }
  for (const [what, headers] of Object.entries(cases)) {
    await t.test(what, async t => {
      const { get, calls } = await start(t, {}, counting(headers))
      const bodies = [await get('/'), await get('/'), await get('/')].map(({ body }) => String(body))
      assert.deepEqual(bodies, ['answer 1', 'answer 2', 'answer 3'])
      assert.equal(calls.length, 3)
    })
  }
  for (const status of [206, 302, 404, 500]) {
    await t.test(`status ${status}`, async t => {
      const { get } = await start(t, {}, counting({ 'Cache-Control': 'max-age=100' }, status))
      await get('/')
      assert.equal(String((await get('/')).body), 'answer 2')
    })
  }
})

test('requests of somebody go past the cache, and what they get is not kept', async t => {
  const personal = {
    Authorization: 'Basic eA==',
    Cookie: 'session=1',
    'X-Api-Key': 'k',
    'X-CSRF-Token': 't',
    'If-Match': '"x"',
  }
  for (const [name, value] of Object.entries(personal)) {
    const { get, calls } = await start(t, {}, counting({ 'Cache-Control': 'public, max-age=100' }))
    const first = await get('/', { [name]: value })
    assert.equal(statusOf(first), `saola; fwd=bypass; detail=${name.toLowerCase()}`)
    assert.equal(calls[0]?.headers[name.toLowerCase()], value)
    assert.equal(String((await get('/')).body), 'answer 2')
    assert.equal(String((await get('/', { [name]: value })).body), 'answer 3', 'and is not served to them')
  }
})

test('headers that are not in the key never reach the application', async t => {
  const { get, calls } = await start(t, {}, (req, res) => {
    res.end(JSON.stringify([req.headers, req.rawHeaders, req.headersDistinct]))
  })
  const poison = {
    'X-Forwarded-Host': 'evil.example',
    'X-Host': 'evil.example',
    'X-Original-URL': '/admin',
    'X-Rewrite-URL': '/admin',
    'X-Forwarded-Proto': 'gopher',
    Forwarded: 'host=evil.example',
    Referer: 'http://evil.example',
    'User-Agent': 'evil',
    'X-Anything': 'evil',
    Range: 'bytes=0-1',
    'If-None-Match': '"evil"',
  }
  await get('/', poison)
  const hit = await get('/')
  assert.match(String(statusOf(hit)), /hit/)
  assert.doesNotMatch(String(hit.body), /evil|admin|gopher|range|if-none/i)
  assert.equal(calls.length, 1)
})

test('two hosts that are told apart behind the cache never share an answer, whatever a proxy says of them', async t => {
  // Its links are of the host that the application sees.
  const { get, calls } = await start(t, {}, (req, res) => void res.end(`http://${req.headers.host}/script.js`))
  assert.equal(String((await get('/', { Host: 'evil.example' })).body), 'http://evil.example/script.js')
  assert.equal(String((await get('/')).body), 'http://localhost/script.js')
  assert.match(String(statusOf(await get('/'))), /hit/)
  await get('/', {}, 'POST')
  assert.equal(String((await get('/', { Host: 'evil.example' })).body), 'http://evil.example/script.js')
  assert.equal(calls.length, 3)
})

test('a request that says another method, or may have a body, goes past the cache', async t => {
  for (const name of ['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override', 'Remote-User']) {
    const { get } = await start(t, {}, counting())
    assert.equal(statusOf(await get('/', { [name]: 'DELETE' })), `saola; fwd=bypass; detail=${name.toLowerCase()}`)
    assert.equal(String((await get('/')).body), 'answer 2')
  }
  const rule = cacheOptions.parse([{ path: '/' }]).rules[0]
  assert.ok(rule)
  const reasonOf = (bodyBytes: number | undefined) => reasonToBypass({ req: { headers: {} }, bodyBytes } as never, rule)
  assert.deepEqual([0, 3, undefined].map(reasonOf), [undefined, 'body', 'body'])
})

test('what one site may read is not shown as its own to another, also if the answer forgets to say Vary', async t => {
  const { get, calls } = await start(t, {}, (req, res) => {
    const { origin } = req.headers
    if (origin) res.setHeader('Access-Control-Allow-Origin', origin)
    res.end()
  })
  for (const origin of ['https://a.example', 'https://b.example', 'https://a.example']) {
    assert.equal((await get('/', { Origin: origin })).headers.get('access-control-allow-origin'), origin)
  }
  assert.equal(calls.length, 2)
})

test('the request has its own headers again when it is answered, for the access log', async t => {
  let seen: IncomingMessage | undefined
  const { get } = await start(t, {}, (req, res) => {
    seen = req
    res.end('answer')
  })
  await get('/', { 'User-Agent': 'curl' })
  assert.equal(seen?.headers['user-agent'], 'curl')
})

test('answers that vary are told apart', async t => {
  const { get, calls } = await start(t, {}, (req, res) => {
    res.setHeader('Vary', 'Accept-Language')
    res.end(`in ${req.headers['accept-language']}`)
  })
  for (const language of ['de', 'fr', 'de', 'fr']) {
    assert.equal(String((await get('/', { 'Accept-Language': language })).body), `in ${language}`)
  }
  assert.equal(String((await get('/')).body), 'in undefined')
  assert.equal(calls.length, 3)
})

test('an encoded answer is never served to whoever cannot read it, also if it forgets to say Vary', async t => {
  const { get, calls } = await start(t, {}, (req, res) => {
    const takesGzip = req.headers['accept-encoding']?.includes('gzip')
    if (takesGzip) res.setHeader('Content-Encoding', 'gzip')
    res.end(takesGzip ? 'gzip' : 'plain')
  })
  const read = async (accepted?: string) => {
    const headers: Record<string, string> = accepted === undefined ? {} : { 'Accept-Encoding': accepted }
    return String((await get('/', headers)).body)
  }
  assert.deepEqual(
    [await read('gzip, br'), await read(), await read('gzip;q=0'), await read('br, gzip')],
    ['gzip', 'plain', 'plain', 'gzip'],
  )
  assert.equal(calls.length, 2)
})

test('named cookies are part of the key, others neither reach the application nor matter', async t => {
  const { get, calls } = await start(t, { cookies: ['theme'] }, (req, res) => void res.end(`${req.headers.cookie}`))
  assert.equal(String((await get('/', { Cookie: 'session=1; theme=dark' })).body), 'theme=dark')
  assert.equal(String((await get('/', { Cookie: 'theme=dark; session=2' })).body), 'theme=dark')
  assert.equal(String((await get('/', { Cookie: 'theme=light' })).body), 'theme=light')
  assert.equal(String((await get('/', { Cookie: 'theme=a; theme=b' })).body), 'theme=a; theme=b')
  assert.equal(String((await get('/')).body), 'undefined')
  assert.equal(calls.length, 4)
})

test('only the named part of the query is in the key and reaches the application', async t => {
  const { get, calls } = await start(t, { query: ['page', 'a'] }, (req, res) => void res.end(req.url))
  for (const path of ['/?page=2&a=1&utm=x', '/?a=1&page=2', '/?utm=y&page=2&a=1']) {
    assert.equal(String((await get(path)).body), '/?a=1&page=2')
  }
  assert.equal(String((await get('/?page=3')).body), '/?page=3')
  assert.equal(calls.length, 2)
})

test('HEAD is served from a GET, and asks for one', async t => {
  const { get, calls } = await start(t, {}, counting())
  const head = await get('/', {}, 'HEAD')
  assert.equal(head.headers.get('content-length'), '8')
  assert.equal(head.body.length, 0)
  assert.equal(String((await get('/')).body), 'answer 1')
  assert.deepEqual(
    calls.map(({ method }) => method),
    ['GET'],
  )
})

test('parts and conditions are answered from the whole', async t => {
  const whole = { ETag: '"v1"', 'Last-Modified': 'Wed, 31 Dec 2025 00:00:00 GMT', 'Content-Type': 'text/plain' }
  const { get, calls } = await start(t, {}, (_req, res) => void res.writeHead(200, whole).end('0123456789'))
  const ask = async (headers: Record<string, string>) => {
    const { status, body, headers: got } = await get('/', headers)
    return [status, String(body), got.get('content-range')]
  }
  const cases: [Record<string, string>, unknown[]][] = [
    [{ Range: 'bytes=2-4' }, [206, '234', 'bytes 2-4/10']],
    [{ Range: 'bytes=8-' }, [206, '89', 'bytes 8-9/10']],
    [{ Range: 'bytes=-3' }, [206, '789', 'bytes 7-9/10']],
    [{ Range: 'bytes=-99' }, [206, '0123456789', 'bytes 0-9/10']],
    [{ Range: 'bytes=5-99999999999999' }, [206, '56789', 'bytes 5-9/10']],
    [{ Range: 'bytes=9-2' }, [416, '416 Range Not Satisfiable\n', 'bytes */10']],
    [{ Range: 'bytes=0-1,3-4' }, [200, '0123456789', undefined]],
    [{ Range: 'lines=0-1' }, [200, '0123456789', undefined]],
    [{ Range: 'bytes=10-' }, [416, '416 Range Not Satisfiable\n', 'bytes */10']],
    [{ Range: 'bytes=-0' }, [416, '416 Range Not Satisfiable\n', 'bytes */10']],
    [{ Range: 'bytes=0-1', 'If-Range': '"v1"' }, [206, '01', 'bytes 0-1/10']],
    [{ Range: 'bytes=0-1', 'If-Range': '"v2"' }, [200, '0123456789', undefined]],
    [{ Range: 'bytes=0-1', 'If-Range': 'W/"v1"' }, [200, '0123456789', undefined]],
    [{ 'If-None-Match': '"v1"' }, [304, '', undefined]],
    [{ 'If-None-Match': '"v0", W/"v1"' }, [304, '', undefined]],
    [{ 'If-None-Match': '"v2"', 'If-Modified-Since': whole['Last-Modified'] }, [200, '0123456789', undefined]],
    [{ 'If-Modified-Since': whole['Last-Modified'] }, [304, '', undefined]],
    [{ 'If-Modified-Since': 'Tue, 30 Dec 2025 00:00:00 GMT' }, [200, '0123456789', undefined]],
  ]
  for (const [headers, expected] of cases) assert.deepEqual(await ask(headers), expected, JSON.stringify(headers))
  assert.equal(calls.length, 1)
  assert.equal(calls[0]?.headers.range, undefined)
  const unchanged = await get('/', { 'If-None-Match': '"v1"' })
  assert.equal(unchanged.headers.get('etag'), '"v1"')
  assert.equal(unchanged.headers.get('content-type'), undefined)
})

test('an answer that broke off or is not as long as it said is not kept', async t => {
  const broken: Answer[] = [
    (_req, res) => void res.writeHead(200, { 'Content-Length': '10' }).end('short'),
    (_req, res) => {
      res.write('half of it')
      setImmediate(() => res.destroy())
    },
  ]
  for (const answer of broken) {
    let isBroken = true
    const { get } = await start(t, {}, (req, res) => {
      if (isBroken) answer(req, res)
      else res.end('whole')
    })
    await get('/').catch(() => {})
    isBroken = false
    assert.equal(String((await get('/')).body), 'whole')
  }
})

test('an answer above the limit passes whole and is not kept', async t => {
  const { get, calls } = await start(t, { maxItemBytes: 1_000 }, (_req, res) => {
    for (let i = 0; i < 20; i++) res.write('x'.repeat(100))
    res.end()
  })
  for (let i = 0; i < 2; i++) assert.equal((await get('/')).body.length, 2_000)
  assert.equal(calls.length, 2)
})

test('an answer is called stored only if its head does not forbid it', async t => {
  const tags = Array.from({ length: 2000 }, (_, index) => `tag-${index}`).join(',')
  const tagged = await start(t, {}, counting({ 'Cache-Tag': tags }))
  assert.equal(statusOf(await tagged.get('/')), 'saola; fwd=miss; detail=tags')
  const varied = await start(t, {}, counting({ Vary: 'Accept-Language' }))
  const long = { 'Accept-Language': 'x'.repeat(3_000) }
  assert.equal(statusOf(await varied.get('/', long)), 'saola; fwd=miss; detail=vary')
  assert.match(String(statusOf(await varied.get('/'))), /stored/, 'others are not held to that')
  // Half of the memory is for what comes.
  const answer: Answer = (_req, res) => void res.end(Buffer.alloc(700_000))
  const large = await start(t, { maxItemBytes: '1MB' }, answer, undefined, { maxMemoryBytes: '1MB' })
  assert.equal(statusOf(await large.get('/')), 'saola; fwd=miss; detail=busy')
})

import assert from 'node:assert/strict'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import fc from 'fast-check'
import { type AccessEntry, checkAccessLogFormat, compileAccessLog } from './access-log.ts'

const wallMs = () => Date.UTC(2026, 10, 21, 1, 20, 14, 123)
const everyAtom =
  '%(h)s %(l)s %(u)s %(r)s %(m)s %(U)s %(q)s %(H)s %(s)s %(B)s %(b)s "%(f)s" "%(a)s" %(T)s %(D)s %(M)s %(L)s %(p)s' +
  ' %({X-Tag}i)s %({X-Tag}o)s %({QUERY_STRING}e)s %({HTTP_X_TAG}e)s'

interface Change {
  req?: Partial<AccessEntry['req']>
  res?: Partial<AccessEntry['res']>
  rest?: Partial<AccessEntry>
}

function entry({ req = {}, res = {}, rest = {} }: Change = {}): AccessEntry {
  return {
    req: { method: 'GET', url: '/todo?page=2', httpVersion: '1.1', headers: {}, ...req },
    res: { statusCode: 200, headersSent: true, getHeader: () => undefined, ...res },
    startedAt: 1000,
    endedAt: 3345.6789,
    bytes: 1234,
    remoteAddress: '192.0.2.7',
    worker: 'web:0',
    ...rest,
  }
}

function line(format: string, change?: Change): string {
  return compileAccessLog(format, { wallMs })(entry(change)).slice(0, -1)
}

function inTimeZone(zone: string, run: () => void): void {
  const before = process.env.TZ
  process.env.TZ = zone
  try {
    run()
  } finally {
    if (before === undefined) delete process.env.TZ
    else process.env.TZ = before
  }
}

test('combined is the line of Apache', () => {
  const headers = { referer: 'http://a.example/', 'user-agent': 'curl/8', authorization: 'Basic YW5uOnNlY3JldA==' }
  inTimeZone('UTC', () => {
    assert.equal(
      line('combined', { req: { headers } }),
      '192.0.2.7 - ann [21/Nov/2026:01:20:14 +0000] "GET /todo?page=2 HTTP/1.1" 200 1234 "http://a.example/" "curl/8"',
    )
    assert.equal(
      line('combined', { rest: { remoteAddress: undefined, bytes: 0 } }),
      '- - - [21/Nov/2026:01:20:14 +0000] "GET /todo?page=2 HTTP/1.1" 200 - "-" "-"',
    )
  })
})

test('the time is local, with its distance to UTC', () => {
  inTimeZone('Asia/Kolkata', () => assert.equal(line('%(t)s'), '[21/Nov/2026:06:50:14 +0530]'))
  inTimeZone('America/St_Johns', () => assert.equal(line('%(t)s'), '[20/Nov/2026:21:50:14 -0330]'))
})

test('the time goes on from second to second', () => {
  let now = wallMs()
  inTimeZone('UTC', () => {
    const format = compileAccessLog('%(t)s', { wallMs: () => now })
    format(entry())
    now += 1000
    assert.equal(format(entry()), '[21/Nov/2026:01:20:15 +0000]\n')
  })
})

test("a format of Gunicorn's is taken verbatim", () => {
  inTimeZone('UTC', () => {
    assert.equal(line('%(h)s %(t)s %(U)s %(q)s'), '192.0.2.7 [21/Nov/2026:01:20:14 +0000] /todo page=2')
  })
  const defaults = '%(h)s %(l)s %(u)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s"'
  assert.equal(line(defaults), '192.0.2.7 - - "GET /todo?page=2 HTTP/1.1" 200 1234 "-" "-"')
  assert.equal(line('100%% of %(m)s%(H)s'), '100% of GETHTTP/1.1')
})

test('durations are whole seconds, milliseconds, microseconds and decimal seconds', () => {
  assert.equal(line('%(T)s %(M)s %(D)s %(L)s %(D)d'), '2 2345 2345679 2.345679 2345679')
  assert.equal(line('%(T)s %(M)s %(D)s %(L)s', { rest: { endedAt: 1000.05 } }), '0 0 50 0.000050')
})

test('an empty body is 0 bytes, and a dash in the format of the common log', () => {
  assert.equal(line('%(B)s %(b)s', { rest: { bytes: 0 } }), '0 -')
  assert.equal(line('%(p)s'), `<${process.pid}>`)
})

test('headers and variables are found by any case of their name', () => {
  const req = { headers: { 'x-tag': 'in', 'content-type': 'text/plain' } }
  const res = { getHeader: (name: string) => (name.toLowerCase() === 'x-tag' ? ['a', 'b'] : undefined) }
  assert.equal(line('%({X-Tag}i)s %({x-TAG}o)s %({None}i)s %({None}o)s', { req, res }), 'in a, b - -')
  assert.equal(line('%({REQUEST_METHOD}e)s %({HTTP_X_TAG}e)s %({CONTENT_TYPE}e)s', { req }), 'GET in text/plain')
  process.env.SAOLA_TEST_REGION = 'eu'
  assert.equal(line('%({SAOLA_TEST_REGION}e)s %({SAOLA_TEST_NONE}e)s'), 'eu -')
  delete process.env.SAOLA_TEST_REGION
})

test('the path of an absolute target has no scheme and no host', () => {
  assert.equal(line('%(U)s|%(q)s', { req: { url: 'http://a.example/b?c=http://d' } }), '/b|c=http://d')
  assert.equal(line('%(U)s|%(q)s', { req: { url: 'http://a.example' } }), '/|')
  assert.equal(line('%(U)s|%(q)s', { req: { url: '*' } }), '*|')
})

test('the target is the one that came, whatever a router did to it', () => {
  const req = { url: '/inner', originalUrl: '/outer/inner' }
  assert.equal(line('%(U)s', { req }), '/outer/inner')
  assert.equal(line('%(U)s', { req, rest: { target: '/first?x' } }), '/first')
})

test('an IPv4 client of a dual-stack socket is written as IPv4', () => {
  assert.equal(line('%(h)s', { rest: { remoteAddress: '::ffff:192.0.2.7' } }), '192.0.2.7')
  assert.equal(line('%(h)s', { rest: { remoteAddress: '::1' } }), '::1')
})

test('a request whose client left before the answer has the status 499', () => {
  assert.equal(line('%(s)s', { res: { headersSent: false } }), '499')
})

test('what a client sends cannot forge a line, a quote or a column', () => {
  const authorization = `Basic ${Buffer.from('a b\n"c\\:x').toString('base64')}`
  const headers = { 'user-agent': 'a"b\\c\u00e9\u009b\x1b[2J', authorization }
  assert.equal(line('"%(a)s" %(u)s', { req: { headers } }), '"a\\"b\\\\c\\xe9\\x9b\\x1b[2J" a\\x20b\\x0a\\"c\\\\')
})

test('a very long value is cut', () => {
  const text = line('%(a)s', { req: { headers: { 'user-agent': 'a'.repeat(10_000) } } })
  assert.equal(text, `${'a'.repeat(8192)}...`)
})

test('a JSON line has the same names always, and null for what is missing', () => {
  assert.equal(
    line('json', { rest: { remoteAddress: undefined } }),
    '{"time":"2026-11-21T01:20:14.123Z","remote":null,"method":"GET","path":"/todo","query":"page=2",' +
      '"protocol":"HTTP/1.1","status":200,"bytes":1234,"durationMs":2345.679,"referer":null,"userAgent":null,"worker":"web:0"}',
  )
  const headers = { 'x-request-id': 'r1', 'user-agent': Buffer.from('Zoë\u202e\x7f').toString('latin1') }
  const text = line('json', { req: { headers } })
  assert.match(text, /^[\x20-\x7e]+$/)
  assert.deepEqual([JSON.parse(text).requestId, JSON.parse(text).userAgent], ['r1', 'Zoë\u202e\x7f'])
})

test('headers given to writeHead alone are seen', async t => {
  const format = compileAccessLog('%({content-type}o)s %({x-b}o)s %({content-length}o)s %({x-c}o)s')
  const { promise, resolve } = Promise.withResolvers<string>()
  const server = createServer((req, res) => {
    res.on('finish', () => resolve(format({ ...entry(), req, res })))
    res.writeHead(200, { 'Content-Type': 'text/x', 'X-B': 'b', 'Content-Length': 2 }).end('ok')
  })
  t.after(() => server.close())
  await new Promise<void>(listening => server.listen(0, '127.0.0.1', listening))
  request({ port: (server.address() as AddressInfo).port, agent: false }, res => res.resume()).end()
  assert.equal(await promise, 'text/x b 2 -\n')
})

test('whatever bytes come in, a line is one line of visible ASCII', () => {
  const bytes = fc.uint8Array({ maxLength: 40 }).map(array => Buffer.from(array).toString('latin1'))
  const text = fc.oneof(bytes, fc.string({ unit: 'binary' }), fc.constant(undefined))
  const formats = ['combined', 'json', everyAtom].map(format => compileAccessLog(format))
  fc.assert(
    fc.property(text, text, text, text, text, (url, agent, tag, user, remoteAddress) => {
      const authorization = user && `basic ${Buffer.from(user).toString('base64')}`
      const headers = { 'user-agent': agent, referer: tag, 'x-tag': tag, 'x-request-id': agent, authorization }
      const change = entry({
        req: { url, method: tag, headers },
        res: { getHeader: () => tag },
        rest: { remoteAddress },
      })
      for (const format of formats) assert.match(format(change), /^[\x20-\x7e]+\n$/)
      const parsed = JSON.parse(formats[1]?.(change) ?? '')
      assert.equal(parsed.worker, 'web:0')
    }),
  )
})

test('the formats that work pass the check', () => {
  for (const format of ['combined', 'json', everyAtom, '%(h)s\t%(t)s', '%(D)d', '%%%(h)s']) {
    assert.equal(checkAccessLogFormat(format), undefined)
  }
})

test('a format with a mistake is refused with its reason', () => {
  const problems: Record<string, RegExp> = {
    '%(x)s': /^expected one of Gunicorn's atoms \(h l u .*\{Header\}i.*\), got "%\(x\)s"$/,
    '%(toString)s': /got "%\(toString\)s"$/,
    '%({Host}x)s': /got "%\(\{Host\}x\)s"$/,
    '%(h) %(t)s': /^expected "s" after "%\(h\)", got " "$/,
    '%(h)': /^expected "s" after "%\(h\)", got the end$/,
    '%(h)d': /^expected "s" after "%\(h\)", got "d"$/,
    '%h %(t)s': /^expected %% or an atom such as %\(h\)s, got "%h"$/,
    '%(h)s 5%': /got "%"$/,
    '%(h)s\n%(t)s': /^expected one line/,
    combinde: /^expected 'combined', 'json' or a format with atoms such as %\(h\)s, got "combinde"$/,
    '': /got ""$/,
  }
  for (const [format, reason] of Object.entries(problems)) assert.match(checkAccessLogFormat(format) ?? '', reason)
  assert.throws(() => compileAccessLog('%(x)s'))
})

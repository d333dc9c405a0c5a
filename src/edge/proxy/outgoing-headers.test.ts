import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { type TestContext, test } from 'node:test'
import { rawAnswer, startProxy, startRawUpstream, startUpstream } from '../../../test/support/proxy-stage.ts'
import { incomingHeaders } from './outgoing-headers.ts'

/** The fields that an upstream gets for a request with these, as pairs with their names in lower case. */
async function fieldsFor(t: TestContext, rule: object, lines: readonly string[]): Promise<[string, string][]> {
  const upstream = await startUpstream(t, (req, res) => res.end(JSON.stringify(req.rawHeaders)))
  const { url } = await startProxy(t, { '/': { to: upstream.url, ...rule } })
  const text = await exchange(
    url,
    `GET / HTTP/1.1\r\nHost: example.com\r\n${lines.map(line => `${line}\r\n`).join('')}\r\n`,
  )
  const raw: string[] = JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4))
  return raw.flatMap((name, i) => (i % 2 === 0 ? [[name.toLowerCase(), raw[i + 1] ?? ''] as [string, string]] : []))
}

async function exchange(url: string, message: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  socket.write(message.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'))
  let text = ''
  socket.on('data', chunk => {
    text += chunk.toString('latin1')
  })
  await once(socket, 'close')
  return text
}

function valuesOf(fields: readonly (readonly [string, string])[], name: string): string[] {
  return fields.filter(([key]) => key === name).map(([, value]) => value)
}

test('fields of the hop stay here, and those that identify the client are said once, by the edge', async t => {
  const fields = await fieldsFor(t, {}, [
    'Keep-Alive: timeout=5',
    'TE: trailers',
    'Proxy-Authorization: Basic abc',
    'X-Forwarded-For: 10.9.9.9',
    'X-Forwarded-Host: evil.example',
    'X-Real-IP: 10.9.9.9',
    'Cookie: a=1',
    'X-Own: kept',
  ])
  for (const name of ['keep-alive', 'te', 'proxy-authorization', 'upgrade'])
    assert.deepEqual(valuesOf(fields, name), [])
  assert.deepEqual(valuesOf(fields, 'x-forwarded-for'), ['127.0.0.1'])
  assert.deepEqual(valuesOf(fields, 'x-forwarded-host'), ['example.com'])
  assert.deepEqual(valuesOf(fields, 'x-real-ip'), ['127.0.0.1'])
  assert.deepEqual(valuesOf(fields, 'host'), ['example.com'])
  assert.deepEqual(valuesOf(fields, 'cookie'), ['a=1'])
  assert.deepEqual(valuesOf(fields, 'x-own'), ['kept'])
})

test('the rule has the last word on fields and on Host', async t => {
  const headers = { request: { set: { 'X-Forwarded-Proto': 'https', 'X-New': 'b' }, remove: ['cookie', 'X-Real-IP'] } }
  const fields = await fieldsFor(t, { headers, host: 'inner.example' }, ['Cookie: a=1', 'X-New: a'])
  assert.deepEqual(valuesOf(fields, 'x-forwarded-proto'), ['https'])
  assert.deepEqual(valuesOf(fields, 'x-new'), ['b'])
  assert.deepEqual(valuesOf(fields, 'cookie'), [])
  assert.deepEqual(valuesOf(fields, 'x-real-ip'), [])
  assert.deepEqual(valuesOf(fields, 'host'), ['inner.example'])
})

test("an upstream's fields of the hop stay with it, also those that its Connection lists", async t => {
  const upstream = await startRawUpstream(
    t,
    rawAnswer(
      'HTTP/1.1 200 OK\r\nConnection: X-Inner\r\nX-Inner: secret\r\nKeep-Alive: timeout=9\r\nX-Outer: \xe9\r\n' +
        'Set-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 2\r\n\r\nok',
    ),
  )
  const { url } = await startProxy(t, { '/': upstream.url })
  const text = await exchange(url, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  assert.doesNotMatch(text, /inner|timeout=9/i)
  assert.match(text, /X-Outer: \xe9\r\n/)
  assert.match(text, /Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n/)
})

test('Connection cannot take the length of an answer away, and a second length is left out', () => {
  const raw = ['Connection', 'Content-Length', 'Content-Length', '5', 'content-length', '5', 'Content-Length', 'x']
  assert.deepEqual(incomingHeaders(raw), ['Content-Length', '5'])
})

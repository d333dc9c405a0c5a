import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ParseOptions, parseResponse } from './http-response.ts'

function parse(text: string, options?: ParseOptions) {
  const parsed = parseResponse(Buffer.from(text), options)
  return parsed && { status: parsed.response.status, body: String(parsed.response.body), sizeBytes: parsed.sizeBytes }
}

test('a response with a length ends exactly there', () => {
  const one = 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc'
  assert.deepEqual(parse(`${one}HTTP/1.1 404 Not`), { status: 200, body: 'abc', sizeBytes: one.length })
})

test('an incomplete response is not a response', () => {
  const whole = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n'
  for (let length = 0; length < whole.length; length++) assert.equal(parse(whole.slice(0, length)), undefined)
  assert.deepEqual(parse(whole), { status: 200, body: 'abc', sizeBytes: whole.length })
})

test('a response without a body ends with its head', () => {
  const head = 'HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n'
  assert.equal(parse(head)?.sizeBytes, head.length)
  assert.equal(parse('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n', { isHead: true })?.body, '')
})

test('a body without a length ends with the connection, and is the last', () => {
  const text = 'HTTP/1.1 200 OK\r\n\r\nabc'
  assert.equal(parse(text), undefined)
  assert.equal(parse(text, { isEnded: true })?.body, 'abc')
  assert.equal(parseResponse(Buffer.from(text), { isEnded: true })?.response.isLast, true)
})

test('an interim response is passed over', () => {
  const text = 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n'
  assert.deepEqual(parse(text), { status: 204, body: '', sizeBytes: text.length })
  assert.equal(parse('HTTP/1.1 100 Continue\r\n\r\n'), undefined)
})

test('the announcement of the end is seen in any case and any list', () => {
  const isLast = (connection: string) =>
    parseResponse(Buffer.from(`HTTP/1.1 204 No Content\r\nConnection: ${connection}\r\n\r\n`))?.response.isLast
  assert.equal(isLast('Close'), true)
  assert.equal(isLast('upgrade, close'), true)
  assert.equal(isLast('keep-alive'), false)
})

test('what is no response is refused', () => {
  const wrong = [
    'GET / HTTP/1.1\r\n\r\n',
    'HTTP/1.1 200 OK\r\nno header\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 3, 3\r\n\r\nabc',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n',
    'x'.repeat(70_000),
  ]
  for (const text of wrong) assert.throws(() => parse(text), Error, text.slice(0, 80))
})

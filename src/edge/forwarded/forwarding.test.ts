import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EdgeRequest } from '../edge-request.ts'
import { forwardingHeaders, forwardingNames } from './forwarding.ts'

function request(headers: Record<string, string>, change: Partial<EdgeRequest> = {}): EdgeRequest {
  const facts = { scheme: 'http', host: 'shop.example', clientAddress: '192.0.2.7', peerAddress: '192.0.2.7' }
  return { req: { headers }, ...facts, ...change } as unknown as EdgeRequest
}

test('an upstream is told who asks', () => {
  const { 'x-request-id': id, ...headers } = forwardingHeaders(request({}))
  assert.match(id ?? '', /^[\da-f-]{36}$/)
  assert.deepEqual(headers, {
    'x-forwarded-for': '192.0.2.7',
    'x-forwarded-proto': 'http',
    'x-forwarded-host': 'shop.example',
    'x-forwarded-port': '80',
    'x-real-ip': '192.0.2.7',
    forwarded: 'for=192.0.2.7;proto=http;host="shop.example"',
  })
})

test('what a trusted proxy has said is appended to', () => {
  const trace = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  const sent = { 'x-forwarded-for': '198.51.100.1', 'x-request-id': 'abc', traceparent: trace }
  const change = { scheme: 'https', host: 'a:8443', clientAddress: '198.51.100.1', peerAddress: '2001:db8::1' } as const
  const headers = forwardingHeaders(request(sent, change))
  assert.deepEqual(headers, {
    'x-forwarded-for': '198.51.100.1, 2001:db8::1',
    'x-forwarded-proto': 'https',
    'x-forwarded-host': 'a:8443',
    'x-forwarded-port': '8443',
    'x-real-ip': '198.51.100.1',
    forwarded: 'for="[2001:db8::1]";proto=https;host="a:8443"',
    'x-request-id': 'abc',
    traceparent: trace,
  })
  for (const name of Object.keys(headers)) assert.ok(forwardingNames.has(name), name)
})

test('what is not known is left out, and what is malformed is not passed on', () => {
  const sent = { traceparent: '00-x', 'x-request-id': 'a b', 'x-forwarded-for': '1.1.1.1, '.repeat(1_000) }
  const headers = forwardingHeaders(request(sent, { host: '', clientAddress: '', peerAddress: '' }))
  assert.equal(headers['x-forwarded-for'], 'unknown')
  assert.equal(headers.forwarded, 'for=unknown;proto=http')
  assert.ok(!('traceparent' in headers) && !('x-real-ip' in headers) && !('x-forwarded-host' in headers))
  assert.notEqual(headers['x-request-id'], 'a b')
})

test('a request keeps its id', () => {
  const asked = request({})
  assert.equal(forwardingHeaders(asked)['x-request-id'], forwardingHeaders(asked)['x-request-id'])
})

/** Host attacks and absolute-form: one valid Host, and nothing that names another one. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { forEachCase, startOnEveryProtocol } from './support/every-protocol.ts'
import { hostCases } from './support/odd-hosts.ts'

test('Host names one host, in one form, over every protocol', async t => {
  const { protocols } = await startOnEveryProtocol(t)
  await forEachCase(protocols, hostCases, async (protocol, [request, result, { http2, tls } = {}]) => {
    const { status, seen } = await protocol.ask(request)
    const expected = (protocol.isHttp2 ? http2 : undefined) ?? (protocol.isTls ? tls : undefined) ?? result
    const name = `${protocol.name}: ${JSON.stringify(request)}`
    assert.equal(seen ? (seen.headers.host ?? '') : status, expected, name)
  })
  for (const { isHttp2, ask } of protocols) {
    if (isHttp2) continue
    const { seen } = await ask({ target: 'http://a?x', host: 'A' })
    assert.equal(seen?.url, '/?x')
    assert.deepEqual(seen?.rawHeaders, ['Host', 'a'])
    assert.deepEqual(seen?.distinct, { host: ['a'] })
  }
})

test('only the hosts of the list are answered for', async t => {
  const { protocols } = await startOnEveryProtocol(t, { edge: { hosts: ['example.com', '*.example.org'] } })
  const hosts = [
    ['example.com', 200],
    ['EXAMPLE.COM:80', 200],
    ['example.com.', 200],
    ['a.example.org', 200],
    ['a.b.example.org', 200],
    ['example.org', 421],
    ['www.example.com', 421],
    ['evilexample.org', 421],
    ['example.com.evil', 421],
    ['127.0.0.1', 421],
  ] as const
  await forEachCase(protocols, hosts, async ({ name, ask }, [host, status]) => {
    assert.equal((await ask({ host })).status, status, `${name}: ${host}`)
  })
  for (const { isHttp2, ask } of protocols) {
    if (!isHttp2) assert.equal((await ask({ host: null, version: '1.0' })).status, 421)
  }
})

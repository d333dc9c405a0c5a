import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openEdgeStage } from '../../../test/support/edge-stage.ts'
import { request } from '../../../test/support/http-connection.ts'

const hosts = ['example.com']

test('a check of health is answered under every host, and nothing else is', async t => {
  const { url } = await openEdgeStage(t, { hosts }, undefined, { readyPath: '/healthz?full' })
  const statusOf = async (path: string, host?: string) =>
    (await request(url, { path, headers: host === undefined ? {} : { Host: host } })).status
  for (const host of [undefined, 'localhost', 'pod.internal:8080', '[::1]']) {
    assert.equal(await statusOf('/healthz', host), 200, host)
    for (const path of ['/', '/healthz/x', '/HEALTHZ', '/other']) assert.equal(await statusOf(path, host), 421, path)
  }
  assert.equal(await statusOf('/', 'example.com'), 200)
})

test('a front page that is asked for readiness is no check of health', async t => {
  const { url } = await openEdgeStage(t, { hosts }, undefined, { readyPath: '/' })
  assert.equal((await request(url, { headers: { Host: 'evil.example' } })).status, 421)
})

test('the canonical host is where other names are sent, also those that are not among the hosts', async t => {
  const edge = { hosts, canonicalHost: 'example.com', cache: [{ path: '/', ttl: '60s' }] }
  const { url } = await openEdgeStage(t, edge, undefined, { readyPath: '/healthz' })
  const ask = (path: string, host: string) => request(url, { path, headers: { Host: host } })
  for (const host of ['www.example.com', 'evil.example', 'example.com:81']) {
    const { status, headers } = await ask('/a?b', host)
    assert.deepEqual([status, headers.get('location')], [308, 'http://example.com/a?b'], host)
  }
  assert.equal((await ask('/a?b', 'example.com')).status, 200)
  for (const host of ['127.0.0.1', 'localhost']) assert.equal((await ask('/', host)).status, 421, host)
  for (const host of ['127.0.0.1', 'pod.internal']) assert.equal((await ask('/healthz', host)).status, 200, host)
})

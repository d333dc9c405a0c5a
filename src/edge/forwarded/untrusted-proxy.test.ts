import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openEdgeStage } from '../../../test/support/edge-stage.ts'
import { request } from '../../../test/support/http-connection.ts'
import { createLog, type LogRecord } from '../../base/log.ts'
import { type EdgeSettings, edgeOptions } from '../options.ts'
import { watchForProxies } from './untrusted-proxy.ts'

const settings = (edge: object) => edgeOptions.parse({ edge }).edge as EdgeSettings
const byAddress = { rateLimit: [{ rate: '100/s' }] }
const named = ['Host', 'a', 'X-Forwarded-For', '203.0.113.7']

test('a proxy that is not trusted is named once, where something is decided by address', () => {
  const records: LogRecord[] = []
  const log = createLog({ write: record => records.push(record) })
  const watch = watchForProxies(settings(byAddress), { log })
  const from = (address: string, raw: readonly string[] = named) => watch?.({ address, isTrusted: false }, raw)
  from('10.0.0.1', ['Host', 'a', 'X-Real', 'x-forwarded-for'])
  // From outside anybody may send it.
  from('203.0.113.9')
  assert.equal(records.length, 0)
  from('10.0.0.1', ['Host', 'a', 'FORWARDED', 'for=203.0.113.7'])
  from('10.0.0.2')
  assert.deepEqual(
    records.map(({ event, level, fields }) => [event, level, fields?.peer]),
    [['edge.forwarding.untrusted', 'warn', '10.0.0.1']],
  )
  watchForProxies(settings(byAddress), { log })?.({ address: '', isTrusted: false }, named)
  assert.equal(records.at(-1)?.fields?.peer, 'unix')
})

test('what is decided by address: limits of rate, connections and requests, and networks that may come', () => {
  const log = createLog({ write() {} })
  const watches = (edge: object) => watchForProxies(settings(edge), { log }) !== undefined
  const some = [
    byAddress,
    { connections: { perAddress: 10 } },
    { connections: { inFlight: { perAddress: 1 } } },
    { access: [{ allow: ['10.0.0.0/8'] }] },
    { access: [{ deny: ['private'] }] },
  ]
  assert.deepEqual(some.map(watches), [true, true, true, true, true])
  const none = [{}, { rateLimit: [{ rate: '1/s', key: 'all' }] }, { access: [{ path: '/' }] }]
  assert.deepEqual(none.map(watches), [false, false, false])
})

test('the edge says so while all clients of such a proxy share one limit, and not of one that is trusted', async t => {
  for (const trust of [[], ['loopback']]) {
    const stage = await openEdgeStage(t, { rateLimit: [{ rate: '1/h' }], trust })
    const ask = async (client: string) => (await request(stage.url, { headers: { 'X-Forwarded-For': client } })).status
    const isTrusted = trust.length > 0
    assert.deepEqual([await ask('203.0.113.7'), await ask('203.0.113.8')], [200, isTrusted ? 200 : 429])
    assert.deepEqual(stage.events, isTrusted ? [] : ['edge.forwarding.untrusted'])
  }
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createGuard } from './guard.ts'
import { Refusal } from './refusal.ts'

type Headers = Readonly<Record<string, string>>

function statusOf(
  options: { listen: string[]; hosts?: string[] },
  headers: Headers,
  path = '/api/session',
  method = 'GET',
) {
  try {
    createGuard({ hosts: [], ...options })({ method, headers }, path)
    return 200
  } catch (error) {
    assert.ok(error instanceof Refusal)
    return error.status
  }
}

test('it answers to its own addresses and to names that were meant', () => {
  const cases: [listen: string, right: string[], wrong: string[]][] = [
    [
      '127.0.0.1:8001',
      ['127.0.0.1:8001', 'localhost', 'LOCALHOST:8001', '127.0.0.1', '[::1]:8001', '127.0.0.2:9'],
      [
        '10.0.0.1:8001',
        'evil.example',
        'localhost.evil.example',
        'localhost.',
        '',
        'a b',
        'localhost:x',
        '[::2]',
        '127.0.0.1.evil.example',
      ],
    ],
    [':8001', ['10.0.0.1', '[2001:db8::1]:80', 'localhost'], ['evil.example', '10.0.0.1.evil.example', '0x7f.1']],
    ['0.0.0.0:8001', ['10.0.0.1'], ['evil.example']],
    ['10.1.2.3:8001', ['10.1.2.3', 'localhost', '[::ffff:10.1.2.3]'], ['10.1.2.4', 'evil.example']],
    ['shop.internal:8001', ['shop.internal:8001', 'SHOP.internal'], ['evil.internal', 'internal']],
    ['unix:/run/saola.sock', ['localhost:8001', '10.0.0.1'], ['evil.example']],
  ]
  for (const [listen, right, wrong] of cases) {
    for (const host of right) assert.equal(statusOf({ listen: [listen] }, { host }), 200, `${listen} ${host}`)
    for (const host of wrong) assert.equal(statusOf({ listen: [listen] }, { host }), 421, `${listen} ${host}`)
  }
  assert.equal(statusOf({ listen: ['127.0.0.1:1'] }, {}), 421)
  const hosts = ['Saola.example.com']
  assert.equal(statusOf({ listen: ['127.0.0.1:1'], hosts }, { host: 'saola.example.com' }), 200)
  assert.equal(statusOf({ listen: ['127.0.0.1:1'], hosts }, { host: 'x.saola.example.com' }), 421)
})

test('what is asked comes from its own page, or from no page', () => {
  const listen = ['127.0.0.1:8001']
  const host = '127.0.0.1:8001'
  const right: Headers[] = [
    {},
    { origin: `http://${host}` },
    { origin: `http://${host}`, 'sec-fetch-site': 'same-origin' },
    { 'sec-fetch-site': 'none' },
    // Behind a proxy that speaks TLS.
    { host: 'localhost', origin: 'https://localhost' },
    { host: 'localhost:443', origin: 'https://localhost' },
  ]
  const wrong: Headers[] = [
    ...[
      'null',
      '',
      'http://evil.example',
      'http://127.0.0.1',
      'http://127.0.0.1:80010',
      `http://${host}.evil.example`,
    ].map(origin => ({ origin })),
    ...[`http://user@evil.example`, `ftp://${host}`, `file://`, `http://${host}@evil.example`].map(origin => ({
      origin,
    })),
    ...['cross-site', 'same-site', 'anything'].map(site => ({ 'sec-fetch-site': site })),
    { origin: `http://${host}`, 'sec-fetch-site': 'cross-site' },
  ]
  for (const method of ['GET', 'POST', 'DELETE']) {
    for (const headers of right)
      assert.equal(statusOf({ listen }, { host, ...headers }, '/api/x', method), 200, JSON.stringify(headers))
    for (const headers of wrong)
      assert.equal(statusOf({ listen }, { host, ...headers }, '/api/x', method), 403, JSON.stringify(headers))
  }
  assert.equal(statusOf({ listen }, { host, 'sec-fetch-site': 'cross-site' }, '/'), 200, 'a link to the page')
  assert.equal(statusOf({ listen }, { host }, '/api/x', 'PUT'), 405)
})

test('an address in dashboard.hosts is one that it answers to', () => {
  const options = { listen: ['127.0.0.1:8001'], hosts: ['10.0.0.5'] }
  assert.equal(statusOf(options, { host: '10.0.0.5:80' }), 200)
  assert.equal(statusOf(options, { host: '10.0.0.6:80' }), 421)
})

/** Spoofed identity: who the client is, its own headers do not say. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { linesOf, startOnEveryProtocol } from './support/every-protocol.ts'
import { identityFields } from './support/identity-fields.ts'
import type { OddRequest } from './support/odd-requests.ts'

test('of a client that is no trusted proxy none of it is left, over every protocol', async t => {
  const { protocols } = await startOnEveryProtocol(t, { edge: { trust: ['10.0.0.0/8', 'unix'], requestId: true } })
  for (const { name, isHttp2, ask } of protocols) {
    const { seen } = await ask({ headers: [...identityFields, ['X', 'y']] })
    const id = seen?.headers['x-request-id']
    assert.match(id ?? '', /^[\da-f-]{36}$/, name)
    const expected = isHttp2 ? ['host', 'localhost', 'x', 'y'] : ['Host', 'localhost', 'X', 'y']
    assert.deepEqual(seen?.rawHeaders, [...expected, 'X-Request-Id', id], name)
    assert.deepEqual(Object.keys(seen?.headers ?? {}), ['host', 'x', 'x-request-id'], name)
  }
})

/** What proxies have written → the client that they name. */
const chains: readonly (readonly [fields: OddRequest['headers'], client: string])[] = [
  [[], '127.0.0.1'],
  [[['X-Forwarded-For', '192.0.2.1']], '192.0.2.1'],
  [[['X-Forwarded-For', '6.6.6.6, 192.0.2.2, 10.0.0.1']], '192.0.2.2'],
  [
    [
      ['X-Forwarded-For', '6.6.6.6'],
      ['X-Forwarded-For', '::ffff:192.0.2.3'],
    ],
    '192.0.2.3',
  ],
  [[['X-Forwarded-For', '6.6.6.6, garbage, 10.0.0.2']], '10.0.0.2'],
  [[['X-Forwarded-For', '10.0.0.3, 10.0.0.4']], '10.0.0.3'],
  [[['Forwarded', 'for=6.6.6.6, for="[2001:db8::1]:4711";proto=https']], '2001:db8::1'],
  [[['X_Forwarded_For', '6.6.6.6']], '127.0.0.1'],
  // A name that every object of JavaScript has.
  [
    [
      ['constructor', 'x'],
      ['X-Forwarded-For', '192.0.2.4'],
    ],
    '192.0.2.4',
  ],
]

test('a trusted proxy is believed, and its addresses are read from the right, over every protocol', async t => {
  const file = 'access.log'
  const { tree, protocols } = await startOnEveryProtocol(t, {
    edge: { trust: ['loopback', '10.0.0.0/8'], hosts: ['localhost', 'shop.example'] },
    app: { accessLog: { format: '%(h)s %(U)s', file } },
  })
  for (const protocol of protocols) {
    const { name, ask } = protocol
    const prefix = `/${protocols.indexOf(protocol)}`
    for (const [index, [headers = []]] of chains.entries()) await ask({ target: `${prefix}/${index}`, headers })
    const lines = (await linesOf(tree, file, protocol)).filter(line => line.includes(` ${prefix}/`))
    assert.deepEqual(
      lines,
      chains.map(([, client], index) => `${client} ${prefix}/${index}`),
      name,
    )
    const shop = ['X-Forwarded-Host', 'Shop.example:80'] as const
    const kept = await ask({ headers: [shop, ['X-Request-Id', 'abc-1']] })
    assert.equal(kept.seen?.headers['x-request-id'], 'abc-1', name)
    assert.equal((await ask({ headers: [['X-Forwarded-Host', 'evil']] })).status, 421, name)
    const bad = await ask({ headers: [['X-Request-Id', 'a b"']] })
    assert.deepEqual([bad.status, bad.seen?.headers['x-request-id']], [200, undefined], name)
  }
})

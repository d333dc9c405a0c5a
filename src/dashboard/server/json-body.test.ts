import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { http } from '../../base/node-http.ts'
import { readJsonBody } from './json-body.ts'
import { sendError } from './send.ts'

test('who sends too much in chunks is told so, and not only cut off', async t => {
  const server = http.createServer((req, res) => {
    readJsonBody(req, 1_000).catch((error: unknown) => sendError(req, res, error))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.after(() => server.close(() => {}).closeAllConnections())
  const socket = connect((server.address() as { port: number }).port, '127.0.0.1')
  t.after(() => socket.destroy())
  socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n')
  socket.write(`7d0\r\n${'x'.repeat(2_000)}\r\n`)
  const [answer] = await once(socket.setEncoding('utf8'), 'data')
  assert.match(answer, /^HTTP\/1\.1 413 /)
  assert.match(answer, /at most 1000 bytes/)
})

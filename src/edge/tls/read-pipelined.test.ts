import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { connect } from 'node:tls'
import { certificate } from '../../../test/support/certificate.ts'
import { readPipelined } from './read-pipelined.ts'

const body = Buffer.alloc(900_000, 'x')
const answers = 40
const inFlight = 10

const waysToAnswer: Record<string, (res: ServerResponse) => void> = {
  'at once': res => void res.end(body),
  'in pieces': res => sendPieces(res),
  'later, in pieces': res => void setImmediate(sendPieces, res),
}

for (const [way, answer] of Object.entries(waysToAnswer)) {
  test(`requests that come before large answers are taken wait for their own: answered ${way}`, async t => {
    const server = createServer(certificate)
    server.on('request', readPipelined)
    server.on('request', (_req, res) => answer(res.writeHead(200, { 'Content-Length': body.length })))
    await once(server.listen(0, '127.0.0.1'), 'listening')
    t.after(() => server.close())
    const { port } = server.address() as AddressInfo
    const client = connect({ port, rejectUnauthorized: false })
    t.after(() => client.destroy())
    const request = `GET / HTTP/1.1\r\nHost: localhost:${port}\r\n\r\n`
    client.write(request.repeat(inFlight))
    let sent = inFlight
    let received = 0
    let headBytes = Number.NaN
    for await (const piece of client) {
      // Each answer has a head of the same length, and that of the first one is known once it is there.
      if (Number.isNaN(headBytes)) headBytes = piece.indexOf('\r\n\r\n') + 4
      const before = Math.floor(received / (headBytes + body.length))
      received += piece.length
      const whole = Math.floor(received / (headBytes + body.length))
      if (whole === answers) break
      // Each in a record of its own, as a client sends them that goes on when it has an answer.
      for (let more = whole - before; more > 0 && sent < answers; more--, sent++) client.write(request)
    }
    assert.equal(received, answers * (headBytes + body.length))
  })
}

function sendPieces(res: ServerResponse, at = 0): void {
  const isTaken = res.write(body.subarray(at, at + 65_536))
  const next = at + 65_536
  if (next >= body.length) res.end()
  else if (isTaken) sendPieces(res, next)
  else res.once('drain', () => sendPieces(res, next))
}

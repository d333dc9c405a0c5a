import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openEdgeStage } from '../../../test/support/edge-stage.ts'
import { HttpConnection } from '../../../test/support/http-connection.ts'

const edge = {
  hosts: ['a'],
  redirects: { '/old': '/new' },
  access: [{ path: '/forbidden', deny: ['0.0.0.0/0'] }],
}
const early = [
  ['GET /old', 'a', 308],
  ['GET /forbidden', 'a', 403],
  ['OPTIONS *', 'a', 204],
  ['GET /', 'other', 421],
] as const

test('a connection outlives an early answer to a request without a body', async t => {
  const { url } = await openEdgeStage(t, edge)
  const connection = await HttpConnection.open(url)
  t.after(() => connection.close())
  for (const [line, host, status] of early) {
    connection.send(`${line} HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
    const answer = await connection.receive()
    assert.deepEqual([line, answer.status, answer.isLast], [line, status, false])
  }
  connection.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  assert.equal(String((await connection.receive()).body), 'application')
})

test('it outlives one to a request with a body, too, of which nothing becomes a request', async t => {
  const { url } = await openEdgeStage(t, edge)
  const connection = await HttpConnection.open(url)
  t.after(() => connection.close())
  const body = 'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n'
  for (const [line, host, status] of early) {
    connection.send(
      `${line.replace('GET', 'POST')} HTTP/1.1\r\nHost: ${host}\r\nContent-Length: ${body.length}\r\n\r\n`,
    )
    const answer = await connection.receive()
    assert.deepEqual([line, answer.status, answer.isLast], [line, status, false])
    connection.send(body)
  }
  connection.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  assert.equal(String((await connection.receive()).body), 'application')
})

test('it ends with an early answer to a client that asks whether it may send its body', async t => {
  const { url } = await openEdgeStage(t, edge)
  for (const [line, host, status] of early) {
    const connection = await HttpConnection.open(url)
    t.after(() => connection.close())
    const method = line.replace('GET', 'POST')
    connection.send(`${method} HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n`)
    const answer = await connection.receive()
    assert.deepEqual([line, answer.status, answer.isLast], [line, status, true])
  }
})

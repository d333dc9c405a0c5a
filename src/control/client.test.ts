import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { follow } from './client.ts'

/** A tree that answers as it is told. */
async function listen(t: TestContext, answer: http.RequestListener) {
  const socket = join(tmpdir(), `saola-client-${process.pid}-${++sockets}.sock`)
  const server = http.createServer(answer).listen(socket)
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { socket }
}

let sockets = 0

test('who follows a tree that does not answer can end it, and the tree sees it', { timeout: 10_000 }, async t => {
  const abort = new AbortController()
  const gone = Promise.withResolvers<void>()
  const { socket } = await listen(t, (_req, res) => {
    res.once('close', () => gone.resolve())
    setImmediate(() => abort.abort())
  })
  for await (const line of follow(socket, 'events', {}, abort.signal)) assert.fail(JSON.stringify(line))
  await gone.promise
})

test('who follows can end between two lines, and before it begins', { timeout: 10_000 }, async t => {
  const { socket } = await listen(t, (_req, res) => void res.write('{"type":"a"}\n'))
  const abort = new AbortController()
  const seen: unknown[] = []
  for await (const line of follow(socket, 'events', {}, abort.signal)) {
    seen.push(line)
    setImmediate(() => abort.abort())
  }
  assert.deepEqual(seen, [{ type: 'a' }])
  for await (const line of follow(socket, 'events', {}, abort.signal)) assert.fail(JSON.stringify(line))
})

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { currentContext, followRequests, fromRequest, withOrigin } from './request-context.ts'

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
const headers = { 'x-request-id': 'r1', traceparent }
const context = { requestId: 'r1', traceparent }

/** What a server sees where it answers. */
async function serve(t: TestContext, handler: (req: IncomingMessage) => Promise<unknown>): Promise<number> {
  followRequests()
  const server = createServer((req, res) => void handler(req).then(seen => res.end(JSON.stringify(seen))))
  t.after(() => server.close())
  server.listen(0)
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

async function ask(port: number, own: Record<string, string>): Promise<unknown> {
  const response = await fetch(`http://127.0.0.1:${port}`, { headers: own })
  return response.json()
}

test('a request on a plain server is known behind promises and timers', async t => {
  const port = await serve(t, async () => {
    await new Promise(resolve => setImmediate(resolve))
    return currentContext() ?? 'none'
  })
  assert.deepEqual(await ask(port, headers), context)
  assert.deepEqual(await ask(port, {}), 'none')
})

test('requests at once do not see each other', async t => {
  const port = await serve(t, async () => {
    await new Promise(resolve => setTimeout(resolve, 5))
    return currentContext()?.requestId
  })
  const ids = Array.from({ length: 20 }, (_, index) => `id-${index}`)
  assert.deepEqual(await Promise.all(ids.map(id => ask(port, { 'x-request-id': id }))), ids)
})

test('the end of a body that comes later knows its request', async t => {
  const begun = Promise.withResolvers<void>()
  const port = await serve(t, async req => {
    const seen: unknown[] = []
    req.on('data', () => seen.push(currentContext()?.requestId))
    await new Promise<void>(resolve => {
      req.on('end', () => {
        seen.push(currentContext()?.requestId)
        resolve()
      })
      begun.resolve()
    })
    return seen
  })
  const sent = request({ port, method: 'POST', headers })
  sent.flushHeaders()
  await begun.promise
  sent.end('body')
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  const [body] = (await once(response, 'data')) as [Buffer]
  assert.deepEqual(JSON.parse(String(body)), ['r1', 'r1'])
})

test('what is no id and no trace is left out', () => {
  const bad = { 'x-request-id': 'a b', traceparent: '00-0-0-00' }
  assert.deepEqual(fromRequest({ headers: bad }), {})
  assert.deepEqual(fromRequest(new Request('http://a', { headers })), context)
  assert.equal(
    withOrigin({ headers: bad }, () => currentContext()),
    undefined,
  )
  assert.deepEqual(
    withOrigin({ requestId: 'job' }, () => currentContext()),
    { requestId: 'job' },
  )
})

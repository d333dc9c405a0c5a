import assert from 'node:assert/strict'
import { once } from 'node:events'
import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { after, before, test } from 'node:test'
import {
  addResponseHook,
  type BodyFilter,
  type HeadFacts,
  hasAnswered,
  hasHooks,
  type ResponseHook,
  release,
} from './response-hooks.ts'

type Handler = (req: IncomingMessage, res: ServerResponse) => void

let handler: Handler = () => {}
const server = http.createServer((req, res) => handler(req, res))
let port = 0

before(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  port = (server.address() as AddressInfo).port
})

after(() => {
  server.closeAllConnections()
  server.close()
})

/** One request to the handler, and its answer. */
async function ask(handle: Handler, options: { method?: string } = {}) {
  handler = handle
  const req = http.request({ port, agent: false, ...options }).end()
  const [res] = (await once(req, 'response')) as [IncomingMessage]
  const chunks = await res.toArray()
  return {
    status: res.statusCode,
    message: res.statusMessage,
    headers: res.headers,
    body: Buffer.concat(chunks).toString(),
  }
}

/** Upper case, for whoever wants to see that the body went through. */
const upperCase: BodyFilter = {
  write: (chunk, sink) => sink.write(Buffer.from(chunk.toString().toUpperCase())),
  end: sink => sink.end(),
}

function hook(onHead: ResponseHook['onHead']): ResponseHook {
  return { onHead }
}

const stamp = hook(res => {
  res.setHeader('X-Seen', `${res.statusCode} ${res.getHeader('x-own') ?? ''}`)
  return undefined
})

const forms: Record<string, (res: ServerResponse) => void> = {
  'writeHead with an object': res => void res.writeHead(201, { 'X-Own': 'a' }).end('b'),
  'writeHead with a message': res => void res.writeHead(201, 'Made', { 'X-Own': 'a' }).end('b'),
  'writeHead with a flat list': res => void res.writeHead(201, ['X-Own', 'a']).end('b'),
  'writeHead with pairs': res => void res.writeHead(201, [['X-Own', 'a']] as never).end('b'),
  'writeHead after setHeader': res => {
    res.setHeader('X-Own', 'a')
    res.writeHead(201)
    res.end('b')
  },
  'an implicit head by end': res => {
    res.statusCode = 201
    res.setHeader('X-Own', 'a')
    res.end('b')
  },
  'an implicit head by write': res => {
    res.statusCode = 201
    res.setHeader('X-Own', 'a')
    res.write('b')
    res.end()
  },
  'flushHeaders first': res => {
    res.statusCode = 201
    res.setHeader('X-Own', 'a')
    res.flushHeaders()
    res.end('b')
  },
  'a stream that is piped': res => {
    res.writeHead(201, { 'X-Own': 'a' })
    Readable.from([Buffer.from('b')]).pipe(res)
  },
}

for (const [form, answer] of Object.entries(forms)) {
  test(`a hook sees and changes the answer: ${form}`, async () => {
    const reply = await ask((_, res) => {
      addResponseHook(res, stamp)
      addResponseHook(
        res,
        hook(() => upperCase),
      )
      answer(res)
    })
    assert.equal(reply.status, 201)
    assert.equal(reply.message, form.includes('message') ? 'Made' : 'Created')
    assert.equal(reply.headers['x-seen'], '201 a')
    assert.equal(reply.headers['x-own'], 'a')
    assert.equal(reply.body, 'B')
  })
}

test('a header that stands twice in a list is sent twice', async () => {
  const reply = await ask((_, res) => {
    addResponseHook(res, stamp)
    res.writeHead(200, ['Set-Cookie', 'a=1', 'set-cookie', 'b=2'])
    res.end()
  })
  assert.deepEqual(reply.headers['set-cookie'], ['a=1', 'b=2'])
})

test('the length of a whole body stays known behind a filter', async () => {
  const facts: HeadFacts[] = []
  const reply = await ask((_, res) => {
    addResponseHook(
      res,
      hook((_res, head) => {
        facts.push(head)
        return upperCase
      }),
    )
    res.end('four')
  })
  assert.deepEqual(facts, [{ hasBody: true, length: 4 }])
  assert.equal(reply.headers['content-length'], '4')
  assert.equal(reply.body, 'FOUR')
})

test('without a body there is no filter: HEAD, 204 and 304', async () => {
  const filter = { ...upperCase, write: () => assert.fail('filtered'), end: () => assert.fail('filtered') }
  for (const [method, status] of [
    ['HEAD', 200],
    ['GET', 204],
    ['GET', 304],
  ] as const) {
    const facts: HeadFacts[] = []
    const answer: Handler = (_, res) => {
      addResponseHook(
        res,
        hook((_res, head) => {
          facts.push(head)
          return filter
        }),
      )
      res.writeHead(status, { ETag: '"x"' }).end()
    }
    const reply = await ask(answer, { method })
    assert.equal(reply.status, status)
    assert.equal(facts[0]?.hasBody, false, `${method} ${status}`)
  }
})

test('hooks and filters run from the application outwards', async () => {
  const order: string[] = []
  const named = (name: string) =>
    hook(() => {
      order.push(name)
      return { write: (chunk, sink) => sink.write(Buffer.from(`${name}(${chunk})`)), end: sink => sink.end() }
    })
  const reply = await ask((_, res) => {
    addResponseHook(res, named('outer'))
    addResponseHook(res, named('inner'))
    res.write('a')
    res.end('b')
  })
  assert.deepEqual(order, ['inner', 'outer'])
  assert.equal(reply.body, 'outer(inner(a))outer(inner(b))')
})

test('callbacks of write and end are called, with every form of arguments', async () => {
  const called: string[] = []
  const reply = await ask((_, res) => {
    addResponseHook(
      res,
      hook(() => upperCase),
    )
    res.write('a', () => called.push('write'))
    res.write('6263', 'hex', () => called.push('write hex'))
    res.write(new Uint8Array([100]))
    res.end(() => called.push('end'))
  })
  assert.equal(reply.body, 'ABCD')
  assert.deepEqual(called, ['write', 'write hex', 'end'])
})

test('from the first byte on the head counts as sent, also if a filter keeps that byte', async () => {
  let sent: unknown
  const held: Buffer[] = []
  const reply = await ask((_, res) => {
    const keep: BodyFilter = {
      write: chunk => held.push(chunk) > 0,
      end: sink => {
        sink.write(Buffer.concat(held))
        sink.end()
      },
    }
    addResponseHook(
      res,
      hook(() => keep),
    )
    res.write('a')
    sent = [res.headersSent, hasAnswered(res)]
    res.end('b')
  })
  assert.deepEqual(sent, [true, true])
  assert.equal(reply.body, 'ab')
})

test('a second head, a second end and a write after the end change nothing', async () => {
  const reply = await ask((_, res) => {
    const late: BodyFilter = { ...upperCase, end: sink => void setImmediate(() => sink.end()) }
    addResponseHook(
      res,
      hook(() => late),
    )
    res.writeHead(200)
    assert.throws(() => res.writeHead(500), { code: 'ERR_HTTP_HEADERS_SENT' })
    res.end('a')
    res.end('b')
    assert.equal(res.write('c'), false)
  })
  assert.equal(reply.status, 200)
  assert.equal(reply.body, 'A')
})

test('a status that is none is an error of the application, and it may answer then', async () => {
  const statuses: number[] = []
  const reply = await ask((_, res) => {
    addResponseHook(
      res,
      hook(({ statusCode }) => void statuses.push(statusCode)),
    )
    assert.throws(() => res.writeHead(42), { code: 'ERR_HTTP_INVALID_STATUS_CODE' })
    res.writeHead(500).end('sorry')
  })
  assert.equal(reply.status, 500)
  assert.deepEqual(statuses, [500])
})

test('a withheld answer is replaced as if nobody had answered before', async () => {
  const seen: number[] = []
  const reply = await ask((_, res) => {
    assert.equal(hasHooks(res), false)
    addResponseHook(
      res,
      hook(({ statusCode }) => void seen.push(statusCode)),
    )
    addResponseHook(
      res,
      hook(() => ({
        withholdsHead: true,
        write: () => true,
        end: () => {
          release(res)
          assert.equal(hasAnswered(res), false)
          res.end('other')
        },
      })),
    )
    addResponseHook(
      res,
      hook(() => upperCase),
    )
    assert.equal(hasHooks(res), true)
    res.writeHead(403, 'No', { 'X-Own': 'a', Date: 'never', Connection: 'close', 'Transfer-Encoding': 'chunked' })
    res.flushHeaders()
    assert.equal(res.headersSent, false)
    assert.equal(hasAnswered(res), true)
    res.write('dropped')
    res.end('dropped, too')
  })
  assert.deepEqual(seen, [200], 'the hook further out sees only the answer that is sent')
  assert.equal(reply.status, 200)
  assert.equal(reply.message, 'OK')
  assert.equal(reply.body, 'other')
  assert.equal(reply.headers['x-own'], undefined)
  assert.equal(reply.headers['content-length'], '5')
  assert.match(reply.headers.date ?? '', /GMT$/)
})

test('a withheld answer to HEAD is replaced, too', async () => {
  const answer: Handler = (_, res) => {
    addResponseHook(
      res,
      hook(() => ({
        withholdsHead: true,
        write: () => true,
        end: () => {
          release(res)
          res.writeHead(202, { 'Content-Length': 7 }).end()
        },
      })),
    )
    res.end()
  }
  const reply = await ask(answer, { method: 'HEAD' })
  assert.equal(reply.status, 202)
  assert.equal(reply.headers['content-length'], '7')
})

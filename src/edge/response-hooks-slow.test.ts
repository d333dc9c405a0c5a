/** Response hooks in front of clients that read slowly, or leave. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { pipeline, Readable } from 'node:stream'
import { after, before, test } from 'node:test'
import { addResponseHook, type BodyFilter, type ResponseHook } from './response-hooks.ts'

let handler: (req: IncomingMessage, res: ServerResponse) => void = () => {}
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

const upperCase: BodyFilter = {
  write: (chunk, sink) => sink.write(Buffer.from(chunk.toString().toUpperCase())),
  end: sink => sink.end(),
}

function hook(onHead: ResponseHook['onHead']): ResponseHook {
  return { onHead }
}

const mebibyte = Buffer.alloc(1024 * 1024, 'x')

/** A client that reads nothing until it is asked to. */
async function connectSlowly(t: { after(fn: () => void): void }): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  t.after(() => socket.destroy())
  await once(socket, 'connect')
  socket.pause()
  socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  return socket
}

test('a client that reads slowly holds the writer up, by the result, by drain and by the callback', async t => {
  const stopped = Promise.withResolvers<ServerResponse>()
  let called = 0
  let written = 0
  handler = (_, res) => {
    addResponseHook(
      res,
      hook(() => upperCase),
    )
    const writeOn = () => {
      called++
      if (written === 16) res.end()
      else write()
    }
    const write = () => {
      written++
      if (!res.write(mebibyte, writeOn)) stopped.resolve(res)
    }
    write()
  }
  const socket = await connectSlowly(t)
  const res = await stopped.promise
  assert.ok(called < written, 'the callback waits')
  let received = 0
  socket.on('data', chunk => {
    received += chunk.length
  })
  socket.resume()
  await Promise.all([once(res, 'finish'), once(socket, 'end')])
  assert.equal(called, 16)
  assert.ok(received > 16 * mebibyte.length)
})

test('filters are told when the client leaves, and writers that wait for it', async t => {
  const aborted: string[] = []
  const begun = Promise.withResolvers<ServerResponse>()
  const failed = Promise.withResolvers<Error | null | undefined>()
  handler = (_, res) => {
    addResponseHook(
      res,
      hook(() => ({ ...upperCase, abort: () => aborted.push('outer') })),
    )
    addResponseHook(
      res,
      hook(() => ({ ...upperCase, abort: () => aborted.push('inner') })),
    )
    // More than the operating system takes over.
    res.write(Buffer.alloc(16 * mebibyte.length))
    res.write('more', failed.resolve)
    begun.resolve(res)
  }
  const socket = await connectSlowly(t)
  const res = await begun.promise
  const closed = once(res, 'close')
  socket.destroy()
  await closed
  assert.deepEqual(aborted, ['inner', 'outer'])
  assert.ok((await failed.promise) instanceof Error)
})

test('a filter that still holds back what the application has ended is told, too', async t => {
  const aborted = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<void>()
  handler = (_, res) => {
    addResponseHook(
      res,
      hook(() => ({ write: () => true, end: () => ended.resolve(), abort: aborted.resolve })),
    )
    res.end('kept')
  }
  const socket = await connectSlowly(t)
  await ended.promise
  socket.destroy()
  await aborted.promise
})

test('an application that breaks off aborts the filters', async t => {
  const aborted = Promise.withResolvers<void>()
  handler = (_, res) => {
    addResponseHook(
      res,
      hook(() => ({ ...upperCase, abort: aborted.resolve })),
    )
    const source = new Readable({
      read() {
        this.push('a')
        this.destroy(new Error('the database went away'))
      },
    })
    pipeline(source, res, () => {})
  }
  await connectSlowly(t)
  await aborted.promise
})

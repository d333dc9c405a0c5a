/** Where one message ends and the next begins: nobody may see that differently on the two sides of the proxy. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import { test } from 'node:test'
import { HttpConnection, request } from '../../../test/support/http-connection.ts'
import { rawAnswer, startProxy, startRawUpstream, startUpstream } from '../../../test/support/proxy-stage.ts'

test('the framing of a request is made anew, whatever its method', async t => {
  const seen: string[] = []
  const upstream = await startUpstream(t, async (req, res) => {
    let body = ''
    for await (const chunk of req) body += chunk
    seen.push([req.method, framingOf(req), body].join(' '))
    res.end(body)
  })
  const { url } = await startProxy(t, { '/': upstream.url })
  const chunked = 'Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX-Trailer: 1\r\n\r\n'
  for (const method of ['POST', 'DELETE', 'OPTIONS', 'GET', 'PATCH']) {
    const connection = await HttpConnection.open(url)
    connection.send(`${method} / HTTP/1.1\r\nHost: a\r\n${chunked}`)
    assert.equal(String((await connection.receive()).body), 'abcde', method)
    connection.send(`${method} / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nxyz`)
    assert.equal(String((await connection.receive()).body), 'xyz', method)
    connection.send(`${method} / HTTP/1.1\r\nHost: a\r\n\r\n`)
    assert.equal(String((await connection.receive()).body), '', method)
    connection.close()
    const empty = method === 'POST' || method === 'PATCH' ? 'length 0' : 'none'
    assert.deepEqual(seen.splice(0), [`${method} chunked abcde`, `${method} length 3 xyz`, `${method} ${empty} `])
  }
})

function framingOf({ headers }: IncomingMessage): string {
  if (headers['transfer-encoding'] !== undefined) return headers['transfer-encoding']
  return headers['content-length'] === undefined ? 'none' : `length ${headers['content-length']}`
}

test('an answer that can be read in two ways is none', async t => {
  const ok = 'HTTP/1.1 200 OK\r\n'
  const answers = {
    'two lengths': `${ok}Content-Length: 2\r\nContent-Length: 30\r\n\r\nok`,
    'the same length twice': `${ok}Content-Length: 2\r\nContent-Length: 2\r\n\r\nok`,
    'a list of lengths': `${ok}Content-Length: 2, 2\r\n\r\nok`,
    'a length with a sign': `${ok}Content-Length: +2\r\n\r\nok`,
    'a length and chunks': `${ok}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`,
    'a NUL in a value': `${ok}X-A: a\0b\r\nContent-Length: 0\r\n\r\n`,
    'a bare CR in a value': `${ok}X-A: a\rSet-Cookie: b=c\r\nContent-Length: 0\r\n\r\n`,
    'a name with a space': `${ok}X A: a\r\nContent-Length: 0\r\n\r\n`,
    'a folded line': `${ok}X-A: a\r\n b\r\nContent-Length: 0\r\n\r\n`,
    'no HTTP': 'SSH-2.0-OpenSSH_9.2p1\r\n\r\n',
    'a head without end': `${ok}${'X-A: a\r\n'.repeat(20_000)}\r\n`,
    'an upgrade that nobody asked for': 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n',
    'an interim 100 that nobody waits for': `HTTP/1.1 100 Continue\r\n\r\n${ok}Content-Length: 0\r\n\r\n`,
  }
  for (const [what, bytes] of Object.entries(answers)) {
    const upstream = await startRawUpstream(t, rawAnswer(bytes))
    const { url, close } = await startProxy(t, { '/': upstream.url })
    assert.equal((await request(url)).status, 502, what)
    await allClosed(upstream.sockets)
    await close()
  }
})

async function allClosed(sockets: ReadonlySet<Socket>): Promise<void> {
  for (const socket of sockets) if (!socket.closed) await once(socket.resume(), 'close')
}

test('a second answer that nobody asked for is given to nobody', async t => {
  const one = 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none'
  const upstream = await startRawUpstream(t, rawAnswer(`${one}${one.replaceAll('one', 'two')}`))
  const { url } = await startProxy(t, { '/': { to: upstream.url, connections: 1 } })
  for (let i = 0; i < 3; i++) assert.equal(String((await request(url)).body), 'one')
  assert.equal(upstream.connections, 3)
})

test('bytes behind the answer to a HEAD, or behind a 204 or 304, are given to nobody', async t => {
  for (const [method, status] of [
    ['HEAD', '200 OK'],
    ['GET', '204 No Content'],
    ['GET', '304 Not Modified'],
  ]) {
    const smuggled = 'HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nsmuggled'
    const bytes = `HTTP/1.1 ${status}\r\nContent-Length: ${smuggled.length}\r\n\r\n${smuggled}`
    const upstream = await startRawUpstream(t, rawAnswer(bytes))
    const { url, close } = await startProxy(t, { '/': { to: upstream.url, connections: 1 } })
    for (let i = 0; i < 3; i++) {
      const answer = await request(url, { method: method ?? '' })
      assert.equal(`${answer.status}`, status?.slice(0, 3))
      assert.equal(String(answer.body), '')
    }
    assert.equal(upstream.connections, 3)
    await close()
  }
})

test('an upstream that answers early is told no more, and its connection carries nothing else', async t => {
  const firsts: string[] = []
  const upstream = await startRawUpstream(t, socket => {
    socket.once('data', chunk => {
      firsts.push(chunk.toString('latin1').split('\r\n', 1)[0] ?? '')
      socket.write('HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig')
    })
  })
  const { url } = await startProxy(t, { '/': { to: upstream.url, connections: 1 } })
  const connection = await HttpConnection.open(url)
  connection.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n')
  connection.send(Buffer.alloc(50_000))
  const answer = await connection.receive()
  assert.equal(answer.status, 413)
  assert.equal(String(answer.body), 'big')
  // The client goes on as it has announced, and its next request is read where it begins.
  connection.send(Buffer.alloc(150_000))
  connection.send('GET /next HTTP/1.1\r\nHost: a\r\n\r\n')
  assert.equal((await connection.receive()).status, 413)
  connection.close()
  assert.equal(upstream.connections, 2)
  assert.deepEqual(firsts, ['POST / HTTP/1.1', 'GET /next HTTP/1.1'])
})

test('an upstream that answers amid a body and closes has answered', async t => {
  const endings: Record<string, (socket: Socket) => void> = {
    'with a length': socket => socket.end('HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig'),
    'by its end': socket => socket.end('HTTP/1.1 413 Content Too Large\r\n\r\nbig'),
    'saying so': socket =>
      socket.end('HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 3\r\n\r\nbig'),
    'and is gone': socket =>
      socket.write('HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig', () => socket.destroy()),
  }
  for (const [way, end] of Object.entries(endings)) {
    const upstream = await startRawUpstream(t, socket => {
      // All of it that will come has come: what is closed with bytes unread is reset, and an answer may be lost with that.
      let left = 50_000
      socket.on('data', chunk => {
        left -= chunk.length
        if (left < 0) end(socket)
      })
    })
    const stage = await startProxy(t, { '/': { to: upstream.url, maxFails: 1 } })
    const connection = await HttpConnection.open(stage.url)
    connection.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n')
    connection.send(Buffer.alloc(50_000))
    const answer = await connection.receive()
    assert.equal(`${answer.status} ${answer.body}`, '413 big', way)
    connection.send(Buffer.alloc(150_000))
    connection.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 50000\r\n\r\n`)
    connection.send(Buffer.alloc(50_000))
    assert.equal((await connection.receive()).status, 413, way)
    connection.close()
    assert.equal(upstream.connections, 2, way)
    assert.deepEqual(stage.events, [], way)
  }
})

test('trailers end here, in both directions', async t => {
  const trailers: unknown[] = []
  const upstream = await startUpstream(t, (req, res) => {
    req.resume().on('end', () => {
      trailers.push(req.headers.trailer, req.rawTrailers)
      res.writeHead(200, { Trailer: 'X-Sum' })
      res.write('text')
      res.addTrailers({ 'X-Sum': '1', 'Set-Cookie': 'a=b' })
      res.end()
    })
  })
  const { url } = await startProxy(t, { '/': upstream.url })
  const client = connect(Number(new URL(url).port), '127.0.0.1')
  const fields = 'Connection: close\r\nTrailer: X-Secret\r\nTransfer-Encoding: chunked'
  client.write(`POST / HTTP/1.1\r\nHost: a\r\n${fields}\r\n\r\n1\r\na\r\n0\r\nX-Secret: 1\r\n\r\n`)
  const answer = String(Buffer.concat(await client.toArray()))
  assert.match(answer, /\r\n4\r\ntext\r\n0\r\n\r\n$/)
  assert.doesNotMatch(answer, /trailer/i)
  assert.deepEqual(trailers, [undefined, []])
})

test('an answer without a body is framed as one, whatever its upstream says of its length', async t => {
  const cases = [
    { method: 'HEAD', head: '200 OK\r\nContent-Length: 5', length: '5' },
    { method: 'HEAD', head: '200 OK\r\nTransfer-Encoding: chunked', length: undefined },
    { method: 'HEAD', head: '200 OK', length: undefined },
    { method: 'HEAD', head: '404 Not Found\r\nContent-Length: 9', length: '9' },
    { method: 'GET', head: '204 No Content\r\nContent-Length: 5', length: undefined },
    { method: 'GET', head: '204 No Content\r\nTransfer-Encoding: chunked', length: undefined },
    { method: 'GET', head: '304 Not Modified\r\nContent-Length: 5', length: '5' },
    { method: 'GET', head: '304 Not Modified\r\nTransfer-Encoding: chunked', length: undefined },
  ]
  for (const { method, head, length } of cases) {
    const upstream = await startRawUpstream(t, rawAnswer(`HTTP/1.1 ${head}\r\n\r\n`))
    const { url, close } = await startProxy(t, { '/': upstream.url })
    const connection = await HttpConnection.open(url)
    // Twice: the second is read where the first really ended.
    for (let i = 0; i < 2; i++) {
      connection.send(`${method} / HTTP/1.1\r\nHost: a\r\n\r\n`)
      const answer = await connection.receive({ isHead: method === 'HEAD' })
      assert.equal(String(answer.status), head.slice(0, 3), `${method} ${head}`)
      assert.equal(answer.headers.get('content-length'), length, `${method} ${head}`)
      assert.equal(answer.body.length, 0, `${method} ${head}`)
    }
    connection.close()
    await close()
  }
})

test('a client that leaves in the middle of its body ends the request to the upstream', async t => {
  const ended = Promise.withResolvers<string>()
  const upstream = await startUpstream(t, req => {
    let bytes = 0
    req.on('data', chunk => {
      bytes += chunk.length
    })
    req.on('error', error => ended.resolve(`${error.message} after ${bytes}`))
    req.on('end', () => ended.resolve('end'))
  })
  const { url } = await startProxy(t, { '/': upstream.url })
  const connection = await HttpConnection.open(url)
  connection.send('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n')
  await new Promise<void>(resolve => {
    const look = () => (upstream.sockets.size > 0 ? resolve() : setImmediate(look))
    look()
  })
  connection.close()
  assert.match(await ended.promise, /aborted after [05]/)
})

test('a client that leaves while it waits ends the request, also behind another one on its connection', async t => {
  for (const count of [1, 2]) {
    let waiting = 0
    const all = Promise.withResolvers<void>()
    const left = Promise.withResolvers<void>()
    const upstream = await startUpstream(t, (_req, res) => {
      if (++waiting === count) all.resolve()
      res.on('close', () => --waiting === 0 && left.resolve())
    })
    const { url, close } = await startProxy(t, { '/': upstream.url })
    const connection = await HttpConnection.open(url)
    connection.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(count))
    await all.promise
    connection.close()
    await left.promise
    await close()
  }
})

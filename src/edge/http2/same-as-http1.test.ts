/** What an application does, and what it sees, is the same over HTTP/2 as over Node's own HTTP/1.1. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { finished, PassThrough, pipeline, Readable } from 'node:stream'
import { test } from 'node:test'
import { type Ask, openBoth, type Side } from '../../../test/support/both-protocols.ts'

type Note = (what: unknown, whose?: 'req' | 'res') => void
type Listener = (req: IncomingMessage, res: ServerResponse, note: Note) => unknown
type Client = (side: Side) => Promise<unknown>
type Cases = Readonly<Record<string, readonly [client: Client, listener: Listener]>>

const asking =
  (what: Ask = {}): Client =>
  side =>
    side.ask(what)
const leaving =
  (method: 'GET' | 'POST', when: 'unanswered' | 'amid answer'): Client =>
  side =>
    side.leave(method, when)
const get = asking()
const post = asking({ method: 'POST', body: 'some body' })

const answers: Cases = {
  'a body': [get, (_req, res) => res.end('hello')],
  'no body': [get, (_req, res) => res.end()],
  'a HEAD': [
    asking({ method: 'HEAD' }),
    (_req, res) => {
      res.setHeader('Content-Length', 5).write('he')
      res.end('llo')
    },
  ],
  'a 204': [get, (_req, res) => res.writeHead(204).end()],
  'a 304': [get, (_req, res) => res.writeHead(304, { ETag: '"a"' }).end()],
  'a redirect with cookies': [
    get,
    (_req, res) => res.writeHead(302, { Location: '/x', 'Set-Cookie': ['a=1', 'b=2'] }).end(),
  ],
  'an odd status': [get, (_req, res) => res.writeHead(299, 'Odd').end('x')],
  'a late one': [get, (_req, res) => setImmediate(() => res.end('late'))],
  'one in pieces': [
    get,
    (_req, res, note) => {
      note(res.write('a'))
      setImmediate(() => {
        note(res.write('b', () => note('written')))
        res.end('c', () => note('ended'))
      })
    },
  ],
  'a large one': [
    get,
    async (_req, res, note) => {
      note([res.write(Buffer.alloc(300_000)), res.writableNeedDrain])
      await once(res, 'drain')
      res.end()
    },
  ],
  'an early head': [
    get,
    (_req, res, note) => {
      res.flushHeaders()
      note(res.headersSent)
      setImmediate(() => res.end('x'))
    },
  ],
  cork: [
    get,
    (_req, res, note) => {
      res.cork()
      note([res.write('a'), res.write('b'), res.writableCorked, res.writableLength > 0])
      res.uncork()
      res.end()
    },
  ],
  'no length': [
    get,
    (_req, res) => {
      res.removeHeader('Content-Length')
      res.end('abc')
    },
  ],
  'no date': [
    get,
    (_req, res) => {
      res.sendDate = false
      res.end('abc')
    },
  ],
  'the end of a connection': [get, (_req, res) => res.setHeader('Connection', 'close').end('abc')],
  'a flat list of headers': [
    get,
    (_req, res) => res.writeHead(200, ['x-a', '1', 'X-A', '2', 'Set-Cookie', 'a', 'set-cookie', 'b']).end('x'),
  ],
  'values of several kinds': [
    get,
    (_req, res) => {
      res.setHeader('X-A', ['1', '2']).setHeader('Vary', ['a', 'b']).setHeader('Link', ['</a>', '</b>'])
      res.setHeader('Age', 5).setHeader('X-B', 7).appendHeader('X-B', '8').end('x')
    },
  ],
  trailers: [
    asking({ method: 'POST', body: 'some body', headers: { te: 'trailers' } }),
    (req, res) => {
      res.setHeader('Trailer', 'X-Sum')
      req.resume().on('end', () => {
        res.write('a')
        res.addTrailers({ 'X-Sum': '1' })
        res.end()
      })
    },
  ],
  'informational ones': [
    get,
    (_req, res, note) => {
      res.writeEarlyHints({ link: '</a>; rel=preload' }, () => note('hinted'))
      res.writeProcessing()
      res.end('x')
    },
  ],
  'the end of waiting': [
    get,
    (_req, res, note) => {
      res.setTimeout(20, () => {
        note('timeout')
        res.end('x')
      })
    },
  ],
}

const bodies: Cases = {
  'with data and end': [post, (req, res) => req.on('data', chunk => res.write(chunk)).on('end', () => res.end())],
  iterated: [
    post,
    async (req, res) => {
      await Readable.from(req).toArray()
      res.end('x')
    },
  ],
  'not read': [post, (_req, res) => res.end('x')],
  'not read, and answered late': [post, (_req, res) => setTimeout(() => res.end('x'), 10)],
  'with pipe': [post, (req, res) => req.pipe(res)],
  'with pipeline': [post, (req, res, note) => pipeline(req, res, error => note(['pipeline', error?.code]))],
  'through a transform': [
    post,
    (req, res, note) => pipeline(req, new PassThrough(), res, error => note(['pipeline', error?.code])),
  ],
  'with finished': [
    post,
    (req, res, note) => {
      noteFinished(req, res, note)
      req.resume()
      res.end('x')
    },
  ],
  'that waited for 100': [
    asking({ method: 'POST', body: 'some body', headers: { expect: '100-continue' } }),
    (req, res) => req.resume().on('end', () => res.end('x')),
  ],
}

const departures: Cases = {
  'before an answer': [
    leaving('GET', 'unanswered'),
    (req, res, note) => {
      noteFinished(req, res, note)
      res.on('close', () => {
        note(res.write('a', error => note(['written', codeOf(error)])))
        res.end('late', () => note('ended'))
      })
    },
  ],
  'amid a body that is read': [
    leaving('POST', 'unanswered'),
    (req, res, note) => {
      noteFinished(req, res, note)
      req.resume()
    },
  ],
  'amid a body that is not read': [leaving('POST', 'unanswered'), (req, res, note) => noteFinished(req, res, note)],
  'amid a body that is iterated': [
    leaving('POST', 'unanswered'),
    async (req, _res, note) => {
      try {
        for await (const chunk of req) note(String(chunk))
      } catch (error) {
        note(codeOf(error))
      }
    },
  ],
  'amid a body, and its error is heard': [
    leaving('POST', 'unanswered'),
    (req, _res, note) => req.on('error', error => note(['error', codeOf(error)], 'req')).resume(),
  ],
  'amid an answer': [
    leaving('GET', 'amid answer'),
    (req, res, note) => {
      noteFinished(req, res, note)
      res.write('a')
    },
  ],
  'amid an answer of a pipeline': [
    leaving('GET', 'amid answer'),
    (_req, res, note) => pipeline(endless(), res, error => note(['pipeline', error?.code])),
  ],
  'amid an answer that is its own body': [
    leaving('POST', 'amid answer'),
    (req, res, note) => pipeline(req, res, error => note(['pipeline', error?.code])),
  ],
}

const faults: Cases = {
  'the response is destroyed': [get, (_req, res) => res.destroy()],
  'it is destroyed, and ended then': [get, (_req, res) => res.on('close', () => res.end('x')).destroy()],
  'it is destroyed with an error': [
    get,
    (_req, res, note) => res.on('error', error => note(error.message)).destroy(new Error('no')),
  ],
  'it is destroyed amid itself': [get, (_req, res) => res.write('a', () => res.destroy())],
  'it is destroyed after itself': [get, (_req, res) => res.on('finish', () => res.destroy()).end('abc')],
  'the request is destroyed': [get, req => req.destroy()],
  'the request is destroyed before the answer': [
    post,
    (req, res) =>
      req.resume().on('end', () => {
        req.destroy()
        res.end('abc')
      }),
  ],
  'the request is destroyed behind the answer': [
    post,
    (req, res) =>
      req.resume().on('end', () => {
        res.end('abc')
        req.destroy()
      }),
  ],
  'the socket is destroyed': [get, req => req.socket.destroy()],
  'the socket is ended': [get, req => req.socket.end()],
  'the socket is ended amid the answer': [
    get,
    (_req, res) => {
      res.write('a')
      res.socket?.end()
    },
  ],
  'a header is set too late': [
    get,
    (_req, res, note) => {
      res.end('a')
      for (const act of [
        () => res.setHeader('a', 'b'),
        () => res.writeHead(200),
        () => res.removeHeader('a'),
        () => res.appendHeader('a', 'b'),
        () => res.flushHeaders(),
      ]) {
        note(codeOf(thrownBy(act)))
      }
    },
  ],
  'what is given is not valid': [
    get,
    (_req, res, note) => {
      for (const act of [
        () => res.setHeader('a b', 'c'),
        () => res.setHeader('a', 'c\n'),
        () => res.writeHead(99),
        () => res.write(null),
        () => res.write(5),
      ]) {
        note(codeOf(thrownBy(act)))
      }
      res.end('x')
    },
  ],
}

const facts: Cases = {
  'of a request, its response and its socket': [
    asking({ path: '/a?b', headers: { 'x-two': ['a', 'b'], cookie: 'a=1; b=2' } }),
    (req, res, note) => {
      const { socket } = req
      note([req.connection === socket, res.connection === socket, res.socket === socket, res.req === req])
      note([socket.remoteAddress, typeof socket.remotePort, socket.remoteFamily, socket.localAddress, socket.timeout])
      note([socket.readable, socket.writable, socket.destroyed, socket.connecting, socket.pending, socket.readyState])
      note([req.method, req.url, req.headers['x-two'], req.headers.cookie, req.headersDistinct.cookie, req.trailers])
      note([req.aborted, req.destroyed, req.readable, req.readableEnded, req.statusCode, req.statusMessage])
      note([res.statusCode, res.statusMessage, res.sendDate, res.finished, res.writable, res.writableHighWaterMark])
      note([res.strictContentLength, res.getHeaderNames(), res.hasHeader('date'), res.writableObjectMode])
      for (const same of [
        socket.setTimeout(0),
        socket.setNoDelay(),
        socket.setKeepAlive(),
        socket.ref(),
        socket.unref(),
      ]) {
        note(same === socket)
      }
      res.end('x', () =>
        note([res.statusMessage, res.finished, res.socket === null, res.connection === null, req.socket === socket]),
      )
    },
  ],
}

const tables: Readonly<Record<string, Cases>> = { answers, bodies, departures, faults, facts }
for (const [what, cases] of Object.entries(tables)) {
  test(`${what} are those of HTTP/1.1: the same events with the same values, and the same for the client`, async t => {
    let listener: Listener = () => {}
    let notes: Record<'req' | 'res', unknown[]> = { req: [], res: [] }
    let hasClosed: Promise<unknown> = Promise.resolve()
    const sides = await openBoth(t, (req, res) => {
      notes = { req: [], res: [] }
      hasClosed = noteEvents(req, res, notes)
      listener(req, res, (what, whose = 'res') => notes[whose].push(what))
    })
    for (const [name, [client, act]] of Object.entries(cases)) {
      listener = act
      const seen: unknown[] = []
      for (const side of sides) {
        const told = await client(side)
        await hasClosed
        seen.push({ ...notes, told })
      }
      assert.deepEqual(seen[1], seen[0], name)
    }
  })
}

/** Each for itself: which of the two ends first is a matter of time. Resolves when both have closed and all was told. */
async function noteEvents(req: IncomingMessage, res: ServerResponse, notes: Record<'req' | 'res', unknown[]>) {
  for (const event of ['end', 'aborted', 'close']) {
    req.on(event, () => notes.req.push([event, req.destroyed, req.readableEnded, req.aborted, req.closed]))
  }
  for (const event of ['prefinish', 'finish', 'close', 'pipe', 'unpipe']) {
    res.on(event, () => {
      const { headersSent, writableEnded, writableFinished, destroyed, closed, socket } = res
      notes.res.push([event, headersSent, writableEnded, writableFinished, destroyed, closed, socket === null])
    })
  }
  await Promise.all([req, res].map(each => new Promise<void>(resolve => void each.on('close', resolve))))
  for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate)
}

function noteFinished(req: IncomingMessage, res: ServerResponse, note: Note): void {
  finished(req, error => note(['finished', error?.code], 'req'))
  finished(res, error => note(['finished', error?.code]))
}

function endless(): Readable {
  return new Readable({
    read() {
      setImmediate(() => this.push(Buffer.alloc(1_000)))
    },
  })
}

function thrownBy(act: () => unknown): unknown {
  try {
    act()
    return undefined
  } catch (error) {
    return error
  }
}

function codeOf(error: unknown): unknown {
  return (error as NodeJS.ErrnoException | null | undefined)?.code
}

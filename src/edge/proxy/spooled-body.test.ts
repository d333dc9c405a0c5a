import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { type IncomingMessage, request, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { type TestContext, test } from 'node:test'
import { deadUrl, startProxy, startUpstream } from '../../../test/support/proxy-stage.ts'
import { mountSmallDisk } from '../../../test/support/small-disk.ts'
import { SpoolFile, type SpoolHandle } from './spool-file.ts'
import { spoolBody } from './spooled-body.ts'

const body = Buffer.alloc(300_000, 'abcdefg')

function temporaryFolder(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'saola-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

/** Answers with a hash of what it got, and how it was framed. */
async function hashBody(req: IncomingMessage, res: ServerResponse): Promise<void> {
  const hash = createHash('sha256')
  for await (const chunk of req) hash.update(chunk)
  res.end(`${hash.digest('hex')} ${req.headers['content-length']} ${req.headers['transfer-encoding']}`)
}

const hash = createHash('sha256').update(body).digest('hex')

function put(url: string, headers: Record<string, string> = {}) {
  const outgoing = request(`${url}/upload`, { method: 'PUT', headers })
  return {
    outgoing,
    answer: once(outgoing, 'response').then(async ([response]: IncomingMessage[]) => {
      const text = response ? Buffer.concat(await response.toArray()).toString() : ''
      return { status: response?.statusCode, text }
    }),
  }
}

test('an upstream is asked only when the whole body is here, and gets it with its length', async t => {
  const upstream = await startUpstream(t, hashBody)
  const dir = temporaryFolder(t)
  const { url } = await startProxy(t, { '/': { to: upstream.url, bufferRequest: { memoryBytes: '10KB', dir } } })
  const { outgoing, answer } = put(url)
  for (let at = 0; at < body.length; at += 50_000) {
    await new Promise(resolve => outgoing.write(body.subarray(at, at + 50_000), resolve))
    assert.equal(upstream.connections, 0)
  }
  outgoing.end()
  assert.deepEqual(await answer, { status: 200, text: `${hash} ${body.length} undefined` })
  // The file has no name from its begin.
  assert.deepEqual(readdirSync(dir), [])
})

test('a client that waits for 100 Continue gets it from the proxy', async t => {
  const upstream = await startUpstream(t, hashBody)
  const { url } = await startProxy(t, { '/': { to: upstream.url, bufferRequest: true } })
  const { outgoing, answer } = put(url, { Expect: '100-continue', 'Content-Length': String(body.length) })
  outgoing.flushHeaders()
  await once(outgoing, 'continue')
  outgoing.end(body)
  assert.equal((await answer).text, `${hash} ${body.length} undefined`)
})

test('a body that is kept is sent to the next upstream when the first one breaks', async t => {
  const broken = await startUpstream(t, req => req.once('data', () => req.destroy()))
  const upstream = await startUpstream(t, hashBody)
  const rule = { to: [broken.url, await deadUrl(), upstream.url], balance: 'round-robin' }
  const retries = { count: 3, budget: 1 }
  const { url } = await startProxy(t, { '/': { ...rule, bufferRequest: { memoryBytes: '1KB' }, retries } })
  const { outgoing, answer } = put(url)
  outgoing.end(body)
  assert.equal((await answer).text.split(' ')[0], hash)
})

test('a body that is longer than it may be gets 413, announced or not, and reaches nobody', async t => {
  const upstream = await startUpstream(t, hashBody)
  const { url } = await startProxy(t, {
    '/': { to: upstream.url, bufferRequest: { memoryBytes: '1KB', maxBytes: '100KB' } },
  })
  const framings: Record<string, string>[] = [
    { 'Content-Length': String(body.length) },
    { 'Transfer-Encoding': 'chunked' },
  ]
  for (const headers of framings) {
    const { outgoing, answer } = put(url, headers)
    outgoing.on('error', () => {})
    outgoing.end(body)
    assert.equal((await answer).status, 413)
  }
  assert.equal(upstream.connections, 0)
})

test('a client that leaves amid its body leaves nothing behind', async t => {
  const upstream = await startUpstream(t, hashBody)
  const dir = temporaryFolder(t)
  const { url, sockets } = await startProxy(t, {
    '/': { to: upstream.url, bufferRequest: { memoryBytes: '1KB', dir } },
  })
  const { outgoing, answer } = put(url)
  outgoing.on('error', () => {})
  answer.catch(() => {})
  await new Promise(resolve => outgoing.write(body, resolve))
  const [socket] = sockets
  outgoing.destroy()
  if (socket && !socket.closed) await once(socket, 'close')
  assert.equal(upstream.connections, 0)
  assert.deepEqual(readdirSync(dir), [])
})

test('where no file can be made, the client is told 507, and the log why, once a minute', async t => {
  let now = 0
  const upstream = await startUpstream(t, hashBody)
  const rule = { to: upstream.url, bufferRequest: { memoryBytes: '1KB', dir: '/proc/none' } }
  const { url, events } = await startProxy(t, { '/': rule }, { now: () => now })
  for (const at of [0, 1_000, 59_999, 60_000]) {
    now = at
    const { outgoing, answer } = put(url)
    outgoing.on('error', () => {})
    outgoing.end(body)
    assert.deepEqual(await answer, { status: 507, text: '507 Insufficient Storage\n' })
  }
  assert.equal(upstream.connections, 0)
  assert.deepEqual(
    events.map(({ event, fields }) => `${event} ${fields.times}`),
    ['edge.proxy.body-not-kept 1', 'edge.proxy.body-not-kept 3'],
  )
  assert.match(String(events[0]?.fields.error), /^Cannot keep the body of a request in \/proc\/none \(.*ENOENT/)
})

/** A file on a disk that has broken. */
function brokenFile(fault: 'write' | 'read' | 'close') {
  const calls: string[] = []
  const handle = Object.fromEntries(
    ['write', 'read', 'close'].map(name => [
      name,
      async (_bytes: Buffer, _offset: number, length: number) => {
        calls.push(name)
        if (name === fault || name === 'close') throw Object.assign(new Error(`EIO: ${name}`), { code: 'EIO' })
        return { bytesWritten: length }
      },
    ]),
  )
  return { calls, makeFile: async () => new SpoolFile(handle as unknown as SpoolHandle) }
}

function bodyOf(chunks: Buffer[]): IncomingMessage {
  return Object.assign(Readable.from(chunks), { headers: {}, complete: true }) as unknown as IncomingMessage
}

const spoolOptions = { memoryBytes: 10, maxBytes: 1_000, dir: '/unused', signal: new AbortController().signal }

test('a disk that breaks amid a body is a clear failure, also when the file cannot even be closed', async () => {
  const { calls, makeFile } = brokenFile('write')
  const spooling = spoolBody(bodyOf([Buffer.alloc(20), Buffer.alloc(20)]), { ...spoolOptions, makeFile })
  await assert.rejects(spooling, { code: 'ERR_BODY_NOT_TAKEN', status: 507, message: /\(EIO: write\)/ })
  assert.deepEqual(calls, ['write', 'close'])
})

test('a body that is too long is told to be so, also when its file cannot be closed', async () => {
  const { calls, makeFile } = brokenFile('close')
  const spooling = spoolBody(bodyOf([Buffer.alloc(20), Buffer.alloc(1_000)]), { ...spoolOptions, makeFile })
  await assert.rejects(spooling, { code: 'ERR_BODY_NOT_TAKEN', status: 413 })
  assert.deepEqual(calls, ['write', 'close'])
})

test('a kept body whose file cannot be read or closed breaks nothing but its own reading', async () => {
  const { makeFile } = brokenFile('read')
  const spooled = await spoolBody(bodyOf([Buffer.alloc(20)]), { ...spoolOptions, makeFile })
  await assert.rejects(spooled.open().toArray(), { code: 'ERR_BODY_NOT_TAKEN', message: /\(EIO: read\)/ })
  await spooled.close()
})

test('a full disk: 507, nothing left on it, and the next body finds room', async t => {
  const disk = mountSmallDisk(t, 1)
  if (!disk) return
  t.after(() => disk.unmount())
  const upstream = await startUpstream(t, hashBody)
  const rule = { to: upstream.url, bufferRequest: { memoryBytes: '1KB', dir: disk.dir } }
  const { url, events } = await startProxy(t, { '/': rule })
  const [before, free] = [disk.fileCount, disk.freeBytes]
  const large = put(url)
  large.outgoing.on('error', () => {})
  large.outgoing.end(Buffer.alloc(4 * 1024 * 1024))
  assert.equal((await large.answer).status, 507)
  assert.deepEqual([disk.fileCount, disk.freeBytes], [before, free])
  assert.match(String(events[0]?.fields.error), /ENOSPC/)
  const small = put(url)
  small.outgoing.end(body)
  assert.equal((await small.answer).status, 200)
})

import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { untilLine } from './log-watch.ts'

const live = new AbortController().signal

test('a line is found in either stream, however it arrives', async () => {
  for (const which of [0, 1]) {
    const streams = [new PassThrough(), new PassThrough()]
    const found = untilLine('/^größe: \\d+$/', streams, live)
    const bytes = Buffer.from('first\r\ngröße: 1\r\nlast\n')
    for (const byte of bytes) streams[which]?.write(Buffer.of(byte))
    assert.equal(await found, true)
    for (const stream of streams) assert.equal(stream.listenerCount('data'), 0)
  }
})

test('a last line needs no end, and a text spans no two lines', async () => {
  const stream = new PassThrough()
  const found = untilLine('now ready', [stream, new PassThrough()], live)
  stream.write('now\nready\n')
  stream.end('it is now ready')
  assert.equal(await found, true)
})

test('nothing is waited for any more when it is not wanted, and others read on', async () => {
  const stream = new PassThrough()
  const read: string[] = []
  stream.on('data', chunk => read.push(String(chunk)))
  const stop = new AbortController()
  const found = untilLine('ready', [stream], stop.signal)
  stop.abort()
  assert.equal(await found, false)
  stream.end('ready\n')
  await new Promise(resolve => stream.once('end', resolve))
  assert.deepEqual(read, ['ready\n'])
  assert.equal(await untilLine('ready', [new PassThrough()], AbortSignal.abort()), false)
})

test('what never ends a line costs no more memory than a line may have', async () => {
  const stream = new PassThrough()
  const found = untilLine('needle', [stream], live)
  for (let i = 0; i < 1_000; i++) stream.write('x'.repeat(10_000))
  stream.write(`${'x'.repeat(10)}\nneedle\n`)
  assert.equal(await found, true)
})

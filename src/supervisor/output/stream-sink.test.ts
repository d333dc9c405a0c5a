import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Writable } from 'node:stream'
import { test } from 'node:test'
import { StreamSink } from './stream-sink.ts'

/** A stream that takes a write only when it is told to. */
function slowStream() {
  const written: string[] = []
  const waiting: (() => void)[] = []
  const stream = new Writable({
    write(chunk, _encoding, callback) {
      written.push(String(chunk))
      waiting.push(callback)
    },
  })
  return { stream, written, letGo: () => waiting.shift()?.() }
}

test('the lines of one turn are one write', async () => {
  const { stream, written, letGo } = slowStream()
  const sink = new StreamSink(stream)
  sink.write('one\n')
  sink.write(Buffer.from('two\n'))
  while (written.length === 0) await new Promise(setImmediate)
  assert.equal(await sink.flush(1), false)
  assert.deepEqual(written, ['one\ntwo\n'])
  letGo()
  assert.equal(await sink.flush(5000), true)
})

test('while the reader is slow lines wait, and beyond the limit they are dropped and counted', async () => {
  const { stream, written, letGo } = slowStream()
  const sink = new StreamSink(stream, { bufferBytesMax: 1000 })
  const results = Array.from({ length: 10 }, (_, i) => sink.write(`${i}\n${'x'.repeat(100)}\n`))
  assert.deepEqual(results, [0, 0, 0, 0, 2, 2, 2, 2, 2, 2])
  assert.equal(sink.dropped, 12)
  const done = sink.flush(5000)
  while (written.length === 0) await new Promise(setImmediate)
  letGo()
  assert.equal(await done, true)
  assert.equal(sink.write('room again\n'), 0)
  assert.deepEqual(written.join('').match(/^\d$/gm), ['0', '1', '2', '3'])
})

test('a reader that is gone costs the lines, and nothing else', async () => {
  const child = spawn(process.execPath, ['-e', '0'], { stdio: ['pipe', 'ignore', 'ignore'] })
  const sink = new StreamSink(child.stdin)
  await once(child, 'exit')
  sink.write('one\ntwo\n')
  assert.equal(await sink.flush(5000), false)
  assert.equal(sink.isClosed, true)
  assert.equal(sink.write('three\n'), 1)
  assert.equal(sink.dropped, 3)
})

test('a stream destroyed during a write does not hold up a flush', async () => {
  const { stream, written } = slowStream()
  const sink = new StreamSink(stream)
  sink.write('one\n')
  while (written.length === 0) await new Promise(setImmediate)
  sink.write('two\nthree\n')
  stream.destroy()
  assert.equal(await sink.flush(5000), false)
  assert.equal(sink.dropped, 3)
})

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { type TestContext, test } from 'node:test'
import { LineSplitter } from './line-splitter.ts'
import { createOutput, type OutputOptions } from './output.ts'
import { readBlocks, TurnBudget } from './read-blocks.ts'
import { RotatingFile } from './rotating-file.ts'
import type { Sink } from './sink.ts'

const time = new Date('2026-11-21T01:20:14.123Z')

class MemorySink implements Sink {
  readonly blocks: Buffer[] = []
  readonly dropped = 0
  isFull = false

  write(block: Buffer | string): number {
    if (this.isFull) return String(block).split('\n').length - 1
    this.blocks.push(Buffer.from(block))
    return 0
  }

  hasRoom(): boolean {
    return !this.isFull
  }

  drop(lines: number): number {
    return lines
  }

  async flush(): Promise<boolean> {
    return true
  }

  get text(): string {
    return Buffer.concat(this.blocks).toString()
  }
}

function outputOf(options: Partial<OutputOptions> = {}) {
  const sink = new MemorySink()
  const clock = { now: () => 0, date: () => time }
  return { sink, output: createOutput({ format: 'raw', color: false, sink, clock, ...options }) }
}

async function fileOf(t: TestContext): Promise<RotatingFile> {
  const folder = await mkdtemp(join(tmpdir(), 'saola-output-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  return new RotatingFile(join(folder, 'out.log'))
}

function chunks(...texts: (string | Buffer)[]): Readable {
  return Readable.from(texts.map(chunk => Buffer.from(chunk)))
}

const ends: Record<string, string> = {
  'is killed': `process.kill(process.pid, 'SIGKILL')`,
  'exits at once': 'process.exit(1)',
  throws: `throw new Error('the last words')`,
}
for (const [how, code] of Object.entries(ends)) {
  test(`a child that prints 1000 lines and ${how} loses none of them`, async () => {
    const { output, sink } = outputOf()
    // Written to the descriptor itself, as other languages do: console.log keeps lines in the child while it is busy.
    const script = `for (let i = 0; i < 1000; i++) require('fs').writeSync(1, 'line ' + i + '\\n')\n${code}`
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'pipe'] })
    await Promise.all([output.attach('web:0', 'stdout', child.stdout), output.attach('web:0', 'stderr', child.stderr)])
    const lines = sink.text.split('\n')
    const expected = Array.from({ length: 1000 }, (_, i) => `line ${i}`)
    assert.deepEqual(
      lines.filter(line => line.startsWith('line ')),
      expected,
    )
    assert.equal(output.dropped('web:0'), 0)
    if (how === 'throws') assert.match(sink.text, /Error: the last words\n {4}at /)
  })
}

test('a last line without newline is a line', async () => {
  const { output, sink } = outputOf()
  await output.attach('web:0', 'stdout', chunks('one\ntw', 'o'))
  assert.equal(sink.text, 'one\ntwo\n')
})

test('raw lines keep their bytes', async () => {
  const { output, sink } = outputOf()
  const bytes = Buffer.from('ff800d0a1b5b33316d0a', 'hex')
  await output.attach('web:0', 'stdout', chunks(bytes))
  assert.deepEqual(Buffer.concat(sink.blocks), bytes)
})

test('pretty lines stand behind their source, padded to the longest one', async () => {
  const { output, sink } = outputOf({ format: 'pretty' })
  await output.attach('legacy:0', 'stdout', chunks('one\r\ntwo\n'))
  await output.attach('web:0', 'stderr', chunks('thrée\n'))
  output.write({ time, level: 'info', event: 'worker.ready', fields: { pid: 1 } })
  const lines = sink.text.split('\n')
  assert.deepEqual(lines.slice(0, 3), ['legacy:0 | one', 'legacy:0 | two', 'web:0    | thrée'])
  assert.match(lines[3] ?? '', /^saola {4}\| 2026-11-2\d .* info {2}worker\.ready pid=1$/)
})

test('colours tell sources and stderr apart, and a colour left on ends with its line', async () => {
  const { output, sink } = outputOf({ format: 'pretty', color: true })
  await output.attach('a', 'stdout', chunks('\x1b[31mred\n'))
  await output.attach('b', 'stderr', chunks('plain\n'))
  assert.deepEqual(sink.text.split('\n').slice(0, 2), [
    '\x1b[36ma\x1b[0m \x1b[2m|\x1b[0m \x1b[31mred\x1b[0m',
    '\x1b[32mb\x1b[0m \x1b[31m|\x1b[0m plain',
  ])
})

test('JSON lines hold the message whatever is in it', async () => {
  const { output, sink } = outputOf({ format: 'json' })
  const message = 'a "quoted" \\ \x1b[31m é \u202e \x7f'
  await output.attach('web:0', 'stdout', chunks(`${message}\r\n`))
  output.write({ time, level: 'warn', event: 'worker.exited', fields: { code: 1 } })
  const [first = '', second] = sink.text.split('\n')
  assert.deepEqual(JSON.parse(first), { time: time.toISOString(), source: 'web:0', stream: 'stdout', message })
  assert.doesNotMatch(first, /[\p{Cc}\p{Cf}]/u)
  assert.equal(second, '{"time":"2026-11-21T01:20:14.123Z","level":"warn","event":"worker.exited","code":1}')
})

test('plain lines and those that have to be escaped become the same JSON, each by its own way', async () => {
  const { output, sink } = outputOf({ format: 'json' })
  await output.attach('web:0', 'stdout', chunks('plain $& $1\n\nlast\n', 'a "quoted" one\n\nlast\n'))
  const messages = sink.text
    .split('\n')
    .slice(0, -1)
    .map(line => JSON.parse(line).message)
  assert.deepEqual(messages, ['plain $& $1', '', 'last', 'a "quoted" one', '', 'last'])
})

test('lines with a file of their own go there as they are, and are still kept', async t => {
  const { output, sink } = outputOf({ format: 'json' })
  const file = await fileOf(t)
  await Promise.all([
    output.attach('web:0', 'stdout', chunks('one\n', 'two\n'), file),
    output.attach('web:1', 'stdout', chunks('three\n', 'four\n'), file),
  ])
  await file.close()
  assert.deepEqual((await readFile(file.path, 'utf8')).trim().split('\n').sort(), ['four', 'one', 'three', 'two'])
  assert.equal(sink.text, '')
  assert.deepEqual(
    output.history({ source: 'web:1' }).map(line => line.text),
    ['three', 'four'],
  )
})

test('access lines are forwarded whole and untouched, and not kept', async t => {
  const { output, sink } = outputOf({ format: 'json' })
  const file = await fileOf(t)
  await output.access('web:0', chunks('GET /\nGE', 'T /a', '\nGET /b\nGET'), file)
  await output.access('web:0', chunks('POST /\nPO', 'ST /a\n'))
  await file.close()
  assert.equal(await readFile(file.path, 'utf8'), 'GET /\nGET /a\nGET /b\nGET\n')
  assert.deepEqual(sink.blocks.map(String), ['POST /\n', 'POST /a\n'])
  assert.deepEqual(output.history(), [])
})

test('dropped lines are counted by source, and told of at once, and then every 10 seconds', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const told: unknown[] = []
  const { output, sink } = outputOf({ format: 'json', onDropped: (...dropped) => told.push(dropped) })
  sink.isFull = true
  await output.attach('web:0', 'stdout', chunks('one\ntwo\n'))
  await output.access('web:0', chunks('three\n'))
  await output.attach('web:1', 'stderr', chunks('four\n'))
  assert.deepEqual([output.dropped('web:0'), output.dropped('web:1'), output.dropped('web:2')], [3, 1, 0])
  const atOnce = [
    ['web:0', 2],
    ['web:1', 1],
  ]
  assert.deepEqual(told, atOnce)
  t.mock.timers.tick(10_000)
  assert.deepEqual(told, [...atOnce, ['web:0', 1]])
  t.mock.timers.tick(60_000)
  assert.equal(told.length, 3)
  output.write({ time, level: 'info', event: 'tree.ready', fields: {} })
  assert.deepEqual([output.dropped('saola'), told.length], [1, 3])
  output.forget('web:0')
  assert.equal(output.dropped('web:0'), 0)
})

test('history is found by source, by application, or all together in order of time', async () => {
  let now = 0
  const { output } = outputOf({ historyLines: 2, clock: { now: () => 0, date: () => new Date(now++) } })
  const web0 = new PassThrough()
  const web1 = new PassThrough()
  const done = [output.attach('web:0', 'stdout', web0), output.attach('web:1', 'stderr', web1)]
  for (const [stream, text] of [
    [web0, 'a'],
    [web1, 'b'],
    [web0, 'c'],
    [web0, 'd'],
  ] as const) {
    stream.write(`${text}\n`)
    await new Promise(setImmediate)
  }
  web0.end()
  web1.end()
  await Promise.all(done)
  output.write({ time: new Date(now), level: 'info', event: 'tree.ready', fields: { workers: 2 } })
  const textsOf = (query?: { source?: string; lines?: number }) => output.history(query).map(line => line.text)
  assert.deepEqual(textsOf({ source: 'web:0' }), ['c', 'd'])
  assert.deepEqual(textsOf({ source: 'web' }), ['b', 'c', 'd'])
  assert.deepEqual(textsOf({ source: 'we' }), [])
  assert.deepEqual(
    textsOf({ lines: 2 }).map(text => text.slice(-20)),
    ['d', 'tree.ready workers=2'],
  )
  assert.deepEqual(output.history({ source: 'web:1' }), [{ time: 1, source: 'web:1', stream: 'stderr', text: 'b' }])
})

test('a subscriber gets the backlog, then what comes, until it ends', async () => {
  const { output } = outputOf()
  const texts: string[] = []
  await output.attach('web:0', 'stdout', chunks('one\ntwo\nthree\n'))
  const end = output.subscribe({ source: 'web', backlog: 2, onLine: ({ text }) => texts.push(text) })
  await output.attach('web:0', 'stdout', chunks('four\n'))
  await output.attach('jobs:0', 'stdout', chunks('other\n'))
  end()
  await output.attach('web:0', 'stdout', chunks('five\n'))
  assert.deepEqual(texts, ['two', 'three', 'four'])
})

test('a stream that fails or is destroyed ends like any other', async () => {
  const { output, sink } = outputOf()
  const stream = new PassThrough()
  const done = output.attach('web:0', 'stdout', stream)
  stream.write('half a li')
  await new Promise(setImmediate)
  stream.destroy(new Error('ECONNRESET'))
  await done
  assert.equal(sink.text, 'half a li\n')
})

test('a child that never pauses leaves the loop to others after 256 KiB', async () => {
  const chunk = Buffer.alloc(64 * 1024, 'line\n')
  let left = 64
  const flood = new Readable({ highWaterMark: 1024 * 1024, read: () => void flood.push(left-- > 0 ? chunk : null) })
  let bytesOfTurn = 0
  let bytesOfTurnMax = 0
  let isDone = false
  const turn = () => {
    bytesOfTurn = 0
    if (!isDone) setImmediate(turn)
  }
  setImmediate(turn)
  const onBlock = (block: Buffer) => {
    bytesOfTurn += block.length
    bytesOfTurnMax = Math.max(bytesOfTurnMax, bytesOfTurn)
  }
  await readBlocks(flood, { splitter: new LineSplitter(), budget: new TurnBudget(), onBlock })
  isDone = true
  assert.ok(bytesOfTurnMax <= 320 * 1024, `${bytesOfTurnMax} bytes in one turn`)
})

test('a child whose lines take long to write leaves the loop to others after each block', async () => {
  const flood = chunks(...Array<string>(20).fill('line\n'))
  let turns = 0
  const turn = () => {
    turns++
    if (!flood.readableEnded) setImmediate(turn)
  }
  setImmediate(turn)
  const onBlock = () => {
    for (const startedAt = performance.now(); performance.now() < startedAt + 2; );
  }
  await readBlocks(flood, { splitter: new LineSplitter(), budget: new TurnBudget(), onBlock })
  assert.ok(turns >= 15, `${turns} turns for 20 blocks`)
})

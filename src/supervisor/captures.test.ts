import assert from 'node:assert/strict'
import { describe, mock, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { CaptureLine, CaptureReply, CaptureWish } from '../ipc/captures.ts'
import type { WatchRequest } from '../ipc/messages.ts'
import { Captures } from './captures.ts'

const profile: CaptureWish = { kind: 'profile', seconds: 10 }
const heap: CaptureWish = { kind: 'heap' }

/** One worker whose watch thread answers what the test says, and one reader. */
class Stage {
  readonly asked: WatchRequest[] = []
  readonly lines: CaptureLine[] = []
  readonly stills: number[] = []
  room: Promise<void> | undefined
  readonly captures = new Captures((_, forMs) => this.stills.push(forMs))

  begin(wish: CaptureWish): () => void {
    const running = { pid: 4212, askWatch: (request: WatchRequest) => void this.asked.push(request) }
    return this.captures.begin(
      { childId: 7, name: 'web:0', running, wish },
      {
        send: line => this.lines.push(line) > 0,
        end: (...last) => void this.lines.push(...last),
        room: () => this.room,
      },
    )
  }

  reply(reply: CaptureReply): void {
    this.captures.receive(7, reply)
  }

  take(): unknown[] {
    return [this.asked.splice(0).map(({ type }) => type), this.lines.splice(0)]
  }
}

describe('a profile or a heap snapshot on its way to a reader', () => {
  test('is asked for piece by piece, the next one when the last has been read', async () => {
    const stage = new Stage()
    stage.begin(profile)
    assert.deepEqual(stage.take(), [['capture'], []])
    stage.reply({ type: 'capturing', id: 1 })
    stage.reply({ type: 'captured', id: 1, bytes: 5, tookMs: 10_003 })
    assert.deepEqual(stage.take(), [
      ['read'],
      [
        { type: 'begun', pid: 4212 },
        { type: 'captured', bytes: 5, tookMs: 10_003 },
      ],
    ])
    const reader = Promise.withResolvers<void>()
    stage.room = reader.promise
    stage.reply({ type: 'piece', id: 1, base64: 'aGVsbG8=' })
    await nextTurn()
    assert.deepEqual(stage.take(), [[], [{ type: 'data', base64: 'aGVsbG8=' }]])
    reader.resolve()
    await nextTurn()
    stage.reply({ type: 'piece', id: 1, base64: '' })
    assert.deepEqual(stage.take(), [['read'], [{ type: 'ended', bytes: 5 }]])
    stage.begin(profile)
    stage.captures.gone(7)
  })

  test('may silence the main thread for a heap snapshot, and only until that is taken', () => {
    const stage = new Stage()
    stage.begin(profile)
    stage.reply({ type: 'capture-over', id: 1, error: 'no' })
    assert.deepEqual(stage.stills, [])
    stage.begin(heap)
    assert.deepEqual(stage.stills, [], 'Its main thread may be one that never answers.')
    stage.reply({ type: 'capturing', id: 2 })
    assert.deepEqual(stage.stills, [300_000])
    stage.reply({ type: 'captured', id: 2, bytes: 5, tookMs: 900 })
    assert.deepEqual(stage.stills, [300_000, 0])
    stage.captures.gone(7)
  })

  test('is refused while there is another one of the worker, also one that nobody waits for any more', () => {
    const stage = new Stage()
    const stop = stage.begin(heap)
    stage.reply({ type: 'capturing', id: 1 })
    assert.throws(() => stage.begin(profile), /A heap snapshot of web:0 is under way, and there can be one at a time/)
    stop()
    assert.deepEqual(stage.take(), [['capture', 'cancel'], [{ type: 'begun', pid: 4212 }]])
    assert.throws(() => stage.begin(heap), { code: 'ERR_CONTROL_REFUSED' })
    stage.reply({ type: 'capture-over', id: 1 })
    assert.deepEqual(stage.stills, [300_000, 0])
    stage.begin(profile)
    stage.captures.gone(7)
    assert.deepEqual(stage.take()[1], [
      { type: 'failed', message: 'web:0 gave no profile: It has ended meanwhile: "saola status" says why.' },
    ])
  })

  test('ends when the watch thread or the reader is silent for too long', t => {
    mock.timers.enable({ apis: ['setTimeout'] })
    t.after(() => mock.timers.reset())
    const stage = new Stage()
    stage.begin(profile)
    stage.reply({ type: 'capturing', id: 1 })
    mock.timers.tick(39_999)
    assert.deepEqual(stage.take(), [['capture'], [{ type: 'begun', pid: 4212 }]])
    mock.timers.tick(1)
    assert.deepEqual(stage.take(), [
      ['cancel'],
      [{ type: 'failed', message: 'web:0 gave no profile: Nothing came for 40s.' }],
    ])
    stage.begin(profile)
    stage.room = new Promise(() => {})
    stage.reply({ type: 'piece', id: 2, base64: 'aGVsbG8=' })
    mock.timers.tick(60_000)
    assert.deepEqual(stage.asked.at(-1), { type: 'cancel', id: 2 })
  })
})

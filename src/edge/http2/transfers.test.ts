import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ConnectionFacts, StreamSocket } from './stream-socket.ts'
import { Transfers } from './transfers.ts'

const limits = { stallMs: 30_000, minRate: 500, transferMs: 0 }
const frameHeadBytes = 9
const large = 100_000_000

/** One connection, whose bytes the test moves; the fields are those of sockets and streams. */
function open(given: Partial<typeof limits> = {}) {
  const root = { bytesRead: 0, _handle: { bytesWritten: 0, writeQueueSize: 0 } }
  const transfers = new Transfers({ root } as unknown as ConnectionFacts, { ...limits, ...given })
  const enter = (kind: 'upload' | 'download' | 'events') => {
    const stream = {
      saola: { bytesRead: 0, bytesWritten: kind === 'upload' ? 0 : large },
      writableLength: kind === 'upload' ? 0 : large,
      readableFlowing: kind === 'upload' ? true : null,
      closed: false,
      _httpMessage: {
        req: { complete: kind !== 'upload' },
        getHeader: () => (kind === 'events' ? 'text/event-stream' : undefined),
      },
    }
    transfers.enter(stream as unknown as StreamSocket)
    const send = (bytes: number) => {
      stream.saola.bytesRead += bytes
      root.bytesRead += bytes + frameHeadBytes
    }
    const take = (bytes: number) => {
      stream.writableLength -= bytes
      root._handle.bytesWritten += bytes + frameHeadBytes
    }
    return { stream, send, take }
  }
  /** When the first is cut, in seconds; undefined: not in ten minutes. */
  const endOf = (act: (second: number) => void): number | undefined => {
    for (let second = 1; second <= 600; second++) {
      act(second)
      if (transfers.sweep(1000).length > 0) return second
    }
    return undefined
  }
  return { root, transfers, enter, endOf }
}

test('who sends a body, or takes an answer, a byte a second is cut hardly later than who stands still', () => {
  for (const kind of ['upload', 'download'] as const) {
    for (const bytes of [0, 1]) {
      const { enter, endOf } = open()
      const { send, take } = enter(kind)
      const end = endOf(() => bytes > 0 && (kind === 'upload' ? send : take)(bytes))
      assert.ok(end && end >= 30 && end < 35, `${kind} of ${bytes}: ${end}`)
    }
  }
})

test('an honest upload, download or both of 10 KB/s pass for ten minutes, evenly or in lumps', () => {
  for (const every of [1, 25]) {
    for (const kinds of [['upload'], ['download'], ['upload', 'download']] as const) {
      const { enter, endOf } = open()
      const moves = kinds.map(kind => ({ kind, ...enter(kind) }))
      const end = endOf(second => {
        if (second % every !== 0) return
        for (const { kind, send, take } of moves) (kind === 'upload' ? send : take)(10_000 * every)
      })
      assert.equal(end, undefined, `${kinds.join(' and ')} each ${every} s`)
    }
  }
})

test('a download passes of which only the system knows that it goes on', () => {
  const { transfers, root, enter, endOf } = open()
  const { take } = enter('download')
  take(6_000_000)
  let unconfirmed = root._handle.bytesWritten
  const end = endOf(second => {
    unconfirmed -= 10_000
    if (second % 3 === 0 && transfers.isSuspect) transfers.confirm(unconfirmed)
  })
  assert.equal(end, undefined)
})

test('a hundred answers over one line of 10 KB/s pass, of each of which a piece is taken in eleven minutes', () => {
  const { root, enter, endOf } = open()
  for (let count = 0; count < 100; count++) enter('download')
  const end = endOf(() => {
    root._handle.bytesWritten += 10_000
  })
  assert.equal(end, undefined)
})

test('an answer that is not taken ends, though another one of its connection is', () => {
  const { enter, endOf } = open({ minRate: 5_000 })
  const { take } = enter('download')
  enter('download')
  const end = endOf(() => take(10_000))
  assert.ok(end && end < 60, `${end}`)
})

test('nobody pays while the application works, and a stream of events has no rate', () => {
  const working = open()
  working.enter('upload').stream.readableFlowing = false
  assert.equal(
    working.endOf(() => {}),
    undefined,
  )
  const { enter, endOf } = open()
  const { take } = enter('events')
  assert.equal(
    endOf(second => second % 20 === 0 && take(10)),
    undefined,
  )
})

test('a transfer may have a hard end, and a limit of 0 is none', () => {
  const ended = open({ transferMs: 100_000 })
  const { take } = ended.enter('download')
  assert.equal(
    ended.endOf(() => take(10_000)),
    101,
  )
  const free = open({ stallMs: 0 })
  free.enter('download')
  assert.equal(
    free.endOf(() => {}),
    undefined,
  )
})

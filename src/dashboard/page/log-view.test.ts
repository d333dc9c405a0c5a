import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gapLine, type ShownLine } from './log-lines.ts'
import { addLines, beginAnew, clearLines, emptyLogView, goOn, pause } from './log-view.ts'

const max = 5
const linesAt = (...times: readonly number[]) => times.map(at => gapLine(at, 1, at))
const timesOf = (lines: readonly ShownLine[]) => lines.map(({ at }) => at)
const paused = pause(addLines(emptyLogView, linesAt(1, 2), max))

test('what comes while it is paused is held back, counted, and shown when it goes on', () => {
  const held = addLines(paused, linesAt(3, 4), max)
  assert.deepEqual([timesOf(held.lines), held.heldCount], [[1, 2], 2])
  const on = goOn(held, max)
  assert.deepEqual([timesOf(on.lines), on.isPaused, on.heldCount], [[1, 2, 3, 4], false, 0])
})

test('a stream that begins again while it is paused takes away nothing that is read', () => {
  const again = addLines(beginAnew(addLines(paused, linesAt(3), max)), linesAt(1, 2, 3, 4), max)
  assert.deepEqual([timesOf(again.lines), again.heldCount], [[1, 2], 2])
  assert.deepEqual(timesOf(goOn(again, max).lines), [1, 2, 3, 4])
  const early = goOn(beginAnew(paused), max)
  assert.deepEqual(timesOf(early.lines), [1, 2])
  assert.deepEqual(timesOf(addLines(early, linesAt(1, 2, 3), max).lines), [1, 2, 3], 'it went on before its lines came')
})

test('of a stream that begins again, the first lines take the place of what is shown, and the next follow them', () => {
  const again = beginAnew(addLines(emptyLogView, linesAt(1, 2), max))
  assert.deepEqual(timesOf(again.lines), [1, 2])
  const first = addLines(again, linesAt(2, 3), max)
  assert.deepEqual(timesOf(addLines(first, linesAt(4), max).lines), [2, 3, 4])
})

test('lines that are cleared while it is paused leave it paused', () => {
  assert.deepEqual(clearLines(addLines(paused, linesAt(3), max)), { ...emptyLogView, isPaused: true })
})

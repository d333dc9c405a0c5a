import assert from 'node:assert/strict'
import { test } from 'node:test'
import { treeFigures } from '../../test/support/tree-status.ts'
import { FigureWindow } from './figure-window.ts'

test('percentiles and errors are those of the last seconds, not of all time', () => {
  const window = new FigureWindow()
  assert.equal(window.isThere, false)
  window.update(treeFigures({ fast: 1_000, slow: 0, errors: 50 }), 0)
  assert.equal(window.isThere, true)
  assert.equal(window.ofApp('web'), undefined)
  window.update(treeFigures({ fast: 1_000, slow: 100, errors: 70 }), 10_000)
  const { p50, p99, errorsPerSecond } = window.ofApp('web') ?? assert.fail()
  assert.ok(p50 !== undefined && p50 > 50 && p50 <= 100, String(p50))
  assert.ok(p99 !== undefined && p99 > p50)
  assert.equal(errorsPerSecond, 2)
  assert.deepEqual(window.ofWorker({ name: 'web:0', pid: 4212 }), window.ofApp('web'))
  assert.equal(window.ofWorker({ name: 'web:0', pid: 1 }), undefined)
  window.update(treeFigures({ fast: 1_000, slow: 100, errors: 70 }), 30_000)
  window.update(treeFigures({ fast: 1_000, slow: 100, errors: 70 }), 31_000)
  assert.deepEqual(window.ofApp('web'), { errorsPerSecond: 0, p50: undefined, p95: undefined, p99: undefined })
})

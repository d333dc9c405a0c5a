import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { standStill } from '../../test/support/busy-machine.ts'
import { listenToSignals, type SignalVerbs } from './signals.ts'

const stoodStillMs = 500

test('two signals to stop are one when this process stood still between them, and two when time went by', async t => {
  const stops = listen(t)
  process.emit('SIGINT')
  standStill(stoodStillMs)
  process.emit('SIGTERM')
  assert.deepEqual(stops, [false])
  // Each of them comes behind the time of the first.
  while (stops.length < 2) {
    await new Promise(resolve => setTimeout(resolve, stoodStillMs))
    process.emit('SIGINT')
  }
  assert.deepEqual(stops, [false, false])
})

test('a signal that came while this process stood still is of the same pair', async t => {
  const stops = listen(t)
  process.emit('SIGINT')
  await new Promise(resolve => setImmediate(resolve))
  process.kill(process.pid, 'SIGINT')
  standStill(stoodStillMs)
  await new Promise<void>(resolve => process.once('SIGINT', () => resolve()))
  assert.deepEqual(stops, [false])
})

/** What was asked of a supervisor in this process: whether each stop was to be quick. */
function listen(t: TestContext): boolean[] {
  const stops: boolean[] = []
  const before = new Map(process.eventNames().map(name => [name, process.listeners(name as NodeJS.Signals)]))
  const nothing = () => {}
  const verbs: SignalVerbs = {
    stop: isQuick => stops.push(isQuick),
    ...{ reload: nothing, reopenLogs: nothing, scaleBy: nothing, drainWorkers: nothing, ignore: nothing },
  }
  listenToSignals(verbs, false)
  t.after(() => {
    for (const name of process.eventNames() as NodeJS.Signals[]) {
      for (const listener of process.listeners(name)) {
        if (!before.get(name)?.includes(listener)) process.off(name, listener)
      }
    }
  })
  return stops
}

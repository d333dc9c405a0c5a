import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FromWorker } from '../ipc/messages.ts'
import type { Child } from './fleet.ts'
import { WorkerMessages } from './worker-messages.ts'

test('what an application says in the name of Saola, and wrongly, is heard by nobody', () => {
  const heard: string[] = []
  const note = (name: string) => () => void heard.push(name)
  const listeners = {
    events: { push: note('event') },
    figures: { receive: note('figures') },
    dispatch: { loaded: note('loaded') },
    log: { info: note('log') },
  }
  const messages = new WorkerMessages(listeners as unknown as ConstructorParameters<typeof WorkerMessages>[0])
  const child = { id: 1, group: 'web', index: 0 } as unknown as Child
  const wrong: object[] = [
    { type: 'saola.beat' },
    { type: 'saola.beat', beat: null },
    { type: 'saola.beat', beat: { rssBytes: 'x' } },
    { type: 'saola.figures' },
    { type: 'saola.figures', figures: { responses: {} } },
    { type: 'saola.log', level: 'constructor', event: 'x', fields: {} },
    { type: 'saola.nothing' },
  ]
  for (const message of wrong) messages.receive(child, message as FromWorker)
  assert.deepEqual(heard, [])
  // A sign of life is one, whatever is wrong with its figures.
  const times = { loopDelayMs: null, utilization: 0, rssBytes: 1, heapBytes: 1, cpuPercent: 0 }
  const beat = { ...times, connections: 0, inFlight: 0, requests: 0, logDropped: 0, figures: { responses: 1 } }
  messages.receive(child, { type: 'saola.beat', beat } as unknown as FromWorker)
  assert.deepEqual(heard, ['event', 'loaded'])
})

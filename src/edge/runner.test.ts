import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import type { EdgeRequest, Outcome, Step } from './edge-request.ts'
import { createRunner } from './runner.ts'

const log = { debug() {}, info() {}, warn() {}, error() {} }

function requestOn(res: Partial<ServerResponse>): EdgeRequest {
  return { res } as EdgeRequest
}

test('the steps run in their order, until one has answered', async () => {
  const ran: string[] = []
  const step = (name: string, outcome: Outcome | Promise<Outcome>): Step => ({
    name,
    run: () => {
      ran.push(name)
      return outcome
    },
  })
  const run = createRunner([step('a', 'next'), step('b', Promise.resolve('next'))], () => ran.push('end'), { log })
  run(requestOn({ destroyed: false }))
  assert.deepEqual(ran, ['a', 'b'])
  await new Promise(setImmediate)
  assert.deepEqual(ran, ['a', 'b', 'end'])
  createRunner([step('c', 'done')], () => ran.push('end'), { log })(requestOn({}))
  assert.equal(ran.at(-1), 'c')
})

test('nothing runs any more for a client that has left while a step waited', async () => {
  let hasEnded = false
  const res = { destroyed: false }
  const step: Step = { name: 'slow', run: () => Promise.resolve('next') }
  const finish = () => {
    hasEnded = true
  }
  createRunner([step], finish, { log })(requestOn(res))
  res.destroyed = true
  await new Promise(setImmediate)
  assert.equal(hasEnded, false)
})

// Of its own thread: in this one the test runner listens.
const faulty = `
  const { parentPort, workerData } = require('node:worker_threads')
  for (const event of ['uncaughtException', 'unhandledRejection']) {
    process.on(event, error => parentPort.postMessage([event, error.message]))
  }
  import(workerData.runner).then(({ createRunner }) => {
    const steps = [{ name: 'slow', run: () => Promise.resolve('next') }]
    createRunner(steps, () => { throw new Error('of the application') }, {})({ res: { destroyed: false } })
  })
`

test('what an application throws is uncaught, as without an edge, also behind a step that waited', async t => {
  const worker = new Worker(faulty, {
    eval: true,
    workerData: { runner: new URL('./runner.ts', import.meta.url).href },
  })
  t.after(() => worker.terminate())
  assert.deepEqual((await once(worker, 'message'))[0], ['uncaughtException', 'of the application'])
})

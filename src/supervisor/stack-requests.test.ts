import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { StackRequest } from '../ipc/messages.ts'
import type { RunningChild } from './child-process.ts'
import { StackRequests } from './stack-requests.ts'

function ask(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const requests = new StackRequests('/srv/shop')
  const sent: StackRequest[] = []
  const running = { pid: 42, askWatch: (request: StackRequest) => void sent.push(request) } as unknown as RunningChild
  const answer = requests.ask(running, 'web:0')
  const [request] = sent
  assert.ok(request)
  return { requests, answer, request }
}

test('a worker that stood still for seconds has its stack all the same', async t => {
  const { requests, answer, request } = ask(t)
  assert.ok((request.waitMs ?? 0) >= 5_000)
  t.mock.timers.tick(6_000)
  assert.ok(requests.receive({ type: 'stack', id: request.id, frames: [] }))
  assert.deepEqual(await answer, { pid: 42, stack: '' })
})

test('a worker that gives none is told of before who has asked gives up', async t => {
  const { requests, answer, request } = ask(t)
  t.mock.timers.tick(9_000)
  await assert.rejects(answer, { code: 'ERR_CONTROL_REFUSED', message: 'web:0 gave no stack: no answer.' })
  assert.ok(!requests.receive({ type: 'stack', id: request.id, frames: [] }))
})

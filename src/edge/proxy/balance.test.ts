import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EdgeRequest } from '../edge-request.ts'
import { type Balancer, createBalancer } from './balance.ts'

const request = { clientAddress: '10.0.0.1', req: { headers: {} } } as unknown as EdgeRequest

function upstreams(...weights: number[]) {
  return weights.map((weight, index) => ({ url: `http://10.0.0.${index}`, weight, inFlight: 0 }))
}

/** Always the same numbers, evenly spread. */
function randomNumbers(): () => number {
  let state = 12_345
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

/** How often each is chosen, when each request lasts until all are given. */
function share(balance: Balancer, list: ReturnType<typeof upstreams>, count: number): number[] {
  for (let i = 0; i < count; i++) balance(list, request).inFlight++
  return list.map(({ inFlight }) => inFlight)
}

test('round-robin gives each its turn, mixed by weight', () => {
  const list = upstreams(3, 1)
  const balance = createBalancer('round-robin')
  const order = Array.from({ length: 8 }, () => list.indexOf(balance(list, request)))
  assert.deepEqual(order, [0, 0, 1, 0, 0, 0, 1, 0])
})

test('least-connections fills up by weight', () => {
  assert.deepEqual(share(createBalancer('least-connections'), upstreams(1, 1, 2), 40), [10, 10, 20])
})

test('random-two stays close to even, and to the weights', () => {
  const counts = share(createBalancer('random-two', randomNumbers()), upstreams(1, 1, 1, 1), 400)
  for (const count of counts) assert.ok(count >= 97 && count <= 103, String(counts))
  const weighted = share(createBalancer('random-two', randomNumbers()), upstreams(1, 3), 400)
  assert.deepEqual(weighted, [100, 300])
})

test('random-two avoids the one that answers nothing', () => {
  const list = upstreams(1, 1, 1)
  const balance = createBalancer('random-two', randomNumbers())
  for (const one of list.slice(0, 1)) one.inFlight = 50
  for (let i = 0; i < 300; i++) assert.notEqual(balance(list, request), list[0])
})

test('a hash leads the same key to the same upstream, and spreads keys by weight', () => {
  const list = upstreams(1, 1, 2)
  const balance = createBalancer({ header: 'X-User' })
  const counts = [0, 0, 0]
  for (let user = 0; user < 4_000; user++) {
    const chosen = balance(list, withHeaders({ 'x-user': `u${user}` }))
    assert.equal(balance(list, withHeaders({ 'x-user': `u${user}` })), chosen)
    counts[list.indexOf(chosen)] = (counts[list.indexOf(chosen)] ?? 0) + 1
  }
  for (const [index, expected] of [1_000, 1_000, 2_000].entries()) {
    assert.ok(Math.abs((counts[index] ?? 0) - expected) < 150, String(counts))
  }
})

test('when one upstream goes, only its own keys move', () => {
  const list = upstreams(1, 1, 1, 1)
  const rest = list.slice(1)
  const balance = createBalancer('ip-hash')
  for (let i = 0; i < 300; i++) {
    const from = { ...request, clientAddress: `10.1.0.${i}` }
    const before = balance(list, from)
    if (before !== list[0]) assert.equal(balance(rest, from), before)
  }
})

test('a hash by cookie reads that cookie, and without a key there is no favourite', () => {
  const list = upstreams(1, 1, 1, 1)
  const balance = createBalancer({ cookie: 'id' }, randomNumbers())
  const first = balance(list, withHeaders({ cookie: 'x=1; id=7; y=2' }))
  assert.equal(balance(list, withHeaders({ cookie: 'id=7' })), first)
  const seen = new Set(Array.from({ length: 100 }, () => balance(list, withHeaders({}))))
  assert.equal(seen.size, list.length)
})

function withHeaders(headers: Record<string, string>): EdgeRequest {
  return { ...request, req: { headers } } as unknown as EdgeRequest
}

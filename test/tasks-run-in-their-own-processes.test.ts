import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTaskTree } from './support/task-tree.ts'

const tasks = `
export const double = defineTask({ id: 'double', run: noted(async ({ of }) => of * 2) })
export const sum = defineTask({ id: 'sum', pool: 'cpu', run: noted(async values => values.reduce((a, b) => a + b)) })
`

test('what a web worker enqueues runs in the process of its pool, and the result comes back', async t => {
  const shop = await startTaskTree(t, { tasks, pools: ['io', 'cpu'] })
  const [io, cpu] = [await shop.process('io'), await shop.process('cpu')]
  const [double, sum] = [await shop.enqueue('double', { of: 21 }), await shop.enqueue('sum', [1, 2, 3])]
  assert.deepEqual([await shop.result(double), await shop.result(sum)], [42, 6])
  assert.deepEqual([(await shop.run(double, 'end')).pid, (await shop.run(sum, 'end')).pid], [io.pid, cpu.pid])
  const rows = (await shop.tree.cli('status')).stdout.split('\n')
  assert.ok(rows.some(row => /^tasks:io:0 +RUNNING/.test(row)))
  assert.deepEqual((await shop.tree.stop()).code, 0)
})

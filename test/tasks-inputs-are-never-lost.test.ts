import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startTaskTree, type TaskTree, taskFile, taskModule, testOnBothEngines } from './support/task-tree.ts'

const megabytes = 1024 ** 2

/** Of which version of the code: what it wants of an order has another name in each. */
const tasks = (field: string) => `
const validate = value => typeof value?.${field} === 'number' ? { value } : { issues: [{ message: '${field} is missing' }] }
const input = { '~standard': { version: 1, vendor: 'test', validate } }
export const order = defineTask({ id: 'order', queue: 'orders', input, run: noted(order => order.${field}) })
export const size = defineTask({ id: 'size', run: text => text.length })
export const large = defineTask({ id: 'large', run: bytes => 'x'.repeat(bytes) })
export const make = defineTask({ id: 'make', run: bytes => size.enqueue('x'.repeat(bytes)).then(
  ({ id }) => ({ id }),
  error => ({ failed: error.code }),
) })
`

testOnBothEngines(
  'a large input is run, one above the limit refused, and one that new code refuses kept until code takes it again',
  async (t, redis) => {
    const config = { store: { maxValueBytes: '6MB', ...(redis ? { url: redis.url } : {}) } }
    const shop = await startTaskTree(t, { tasks: tasks('amount'), redis, config })
    const { id: five } = (await made(shop, 5 * megabytes)) as { id: string }
    assert.equal(await shop.result(five), 5 * megabytes)
    assert.deepEqual(await made(shop, 7 * megabytes), { failed: 'STORE_VALUE_TOO_LARGE' })
    // As a result it is not kept, and its job is not repeated for that.
    const large = await shop.enqueue('large', 5 * megabytes)
    assert.deepEqual(await shop.result(large), { failed: 'TASK_DEAD', cause: 'TASK_RESULT_TOO_LARGE' })
    assert.equal((await shop.job(large)).attempt, 1)

    await shop.pause('orders')
    const old = await shop.enqueue('order', { amount: 17 })
    await deploy(shop, 'total')
    const young = await shop.enqueue('order', { total: 18 })
    await shop.resume('orders')
    assert.deepEqual(await shop.result(old), { failed: 'TASK_DEAD', cause: 'TASK_INPUT_INVALID' })
    assert.equal(await shop.result(young), 18)
    const { payload, attempt, error } = await shop.job(old)
    assert.deepEqual([payload, attempt], ['{"amount":17}', 1])
    assert.match(String(error?.message), /total is missing/)
    assert.deepEqual(shop.runs(old), [])

    await deploy(shop, 'amount')
    assert.equal(await shop.retry(old), 1)
    assert.equal(await shop.result(old), 17)
  },
)

async function made(shop: TaskTree, bytes: number): Promise<unknown> {
  return shop.result(await shop.enqueue('make', bytes))
}

async function deploy(shop: TaskTree, field: string): Promise<void> {
  writeFileSync(join(shop.tree.dir, taskFile), taskModule(tasks(field)))
  const reloaded = shop.tree.waitForEvent('reload.done', {}, { since: shop.tree.lines.length })
  shop.tree.signal('SIGHUP')
  await reloaded
}

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startTaskTree, testOnBothEngines } from './support/task-tree.ts'

const tasks = `
import { existsSync } from 'node:fs'
export const short = defineTask({ id: 'short', run: noted(async () => { while (!existsSync('gate')) await pause(20) }) })
export const long = defineTask({ id: 'long', run: noted((_, { signal }) => pause(60_000, undefined, { signal })) })
export const quick = defineTask({ id: 'quick', run: noted(async () => process.pid) })
`
const count = 20

testOnBothEngines(
  'a reload lets jobs end, and runs those that take too long again as if they had not begun',
  async (t, redis) => {
    const shop = await startTaskTree(t, { tasks, options: { drainTimeout: '5s' }, redis })
    const { pid } = await shop.process('io')
    const long = await shop.enqueue('long')
    const short = await shop.enqueueMany('short', count)
    for (const id of [...short, long]) await shop.run(id, 'begin')
    const reloaded = shop.tree.waitForEvent('reload.done', {}, { since: shop.tree.lines.length })
    shop.tree.signal('SIGHUP')
    // They have far more time left than they need, and are in the middle of their work when their process is told to end.
    await shop.tree.waitForEvent('tasks.stopping', { pid })
    writeFileSync(join(shop.tree.dir, 'gate'), '')
    await reloaded
    // Meanwhile the next process runs what comes.
    const quick = await shop.enqueue('quick')
    const next = (await shop.run(quick, 'end')).pid
    assert.notEqual(next, pid)
    const again = await shop.run(long, 'begin', 2)
    assert.deepEqual([again.pid, again.attempt], [next, 1])
    const { attempt, interruptions } = await shop.job(long)
    assert.deepEqual([attempt, interruptions], [1, 0])
    for (const id of short)
      assert.deepEqual(
        shop.runs(id).map(({ what, pid }) => [what, pid]),
        [
          ['begin', pid],
          ['end', pid],
        ],
      )
    await shop.tree.waitForEvent('tasks.stopped', { pid })
    assert.equal((await shop.tree.stop()).code, 0)
  },
)

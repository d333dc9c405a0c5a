// How little the answers suffer meanwhile, `npm run bench:tasks -- endless` measures.
import assert from 'node:assert/strict'
import { startTaskTree, testOnBothEngines } from './support/task-tree.ts'

const tasks = `
export const endless = defineTask({
  id: 'endless',
  pool: 'cpu',
  retry: { attempts: 2, min: '10ms' },
  timeout: { hard: '400ms' },
  run: noted(async () => { for (;;) {} }),
})
export const sum = defineTask({ id: 'sum', pool: 'cpu', run: noted(async values => values.reduce((a, b) => a + b)) })
`

testOnBothEngines(
  'a loop without an end dies at its hard limit: its attempts are used, the next job runs, requests are answered',
  async (t, redis) => {
    const shop = await startTaskTree(t, { tasks, pools: ['cpu'], redis })
    const endless = await shop.enqueue('endless')
    const sum = await shop.enqueue('sum', [1, 2])
    const told = shop.events(endless)
    assert.deepEqual(await shop.result(endless), { failed: 'TASK_DEAD', cause: 'TASK_HARD_LIMIT' })
    // Two attempts: of a state that is over soon it need not have heard each time.
    const states = await told
    assert.ok(states.includes('active') && states.at(-1) === 'dead', states.join(' '))
    assert.equal(await shop.result(sum), 3)
    const { attempt, interruptions, error } = await shop.job(endless)
    assert.deepEqual([attempt, interruptions, error?.name], [2, 0, 'TaskTimeout'])
    const pids = shop.runs(endless).map(({ pid }) => pid)
    assert.equal(new Set(pids).size, 2)
    await shop.tree.waitForLine(/task\.killed id=/)
  },
)

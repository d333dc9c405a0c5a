import assert from 'node:assert/strict'
import { startTaskTree, testOnBothEngines } from './support/task-tree.ts'
import { signalProcess } from './support/tree-processes.ts'

// The first run hangs, and answers all the same when it is told that nobody wants to know any more.
const tasks = `
import { mkdirSync } from 'node:fs'
const isFirst = () => {
  try { return mkdirSync('begun') ?? true } catch { return false }
}
export const slow = defineTask({ id: 'slow', run: noted(async (_, { id, attempt, signal }) => {
  signal.addEventListener('abort', () => note('abort:' + signal.reason.name, id, attempt, process.pid))
  if (isFirst()) await new Promise(resolve => signal.addEventListener('abort', resolve))
  return process.pid
}) })
`
// So long nobody stands still but who is stopped.
const lease = '4s'
const options = { lease, timeout: 0, pools: { io: { processes: 2 }, cpu: { processes: 1 } } }

testOnBothEngines(
  'a process that is stopped beyond its lease loses its jobs, and what it makes of them counts no more',
  async (t, redis) => {
    const shop = await startTaskTree(t, { tasks, options, redis })
    await shop.process('io', 1)
    const id = await shop.enqueue('slow')
    const { pid } = await shop.run(id, 'begin')
    const told = shop.events(id)
    signalProcess(pid, 'SIGSTOP')
    t.after(() => signalProcess(pid, 'SIGCONT'))
    const again = await shop.run(id, 'begin', 2)
    assert.notEqual(again.pid, pid)
    assert.equal(await shop.result(id), again.pid)
    const finished = await shop.job(id)
    assert.deepEqual([finished.state, finished.attempt, finished.interruptions], ['done', 1, 1])

    signalProcess(pid, 'SIGCONT')
    const abort = await shop.run(id, 'abort:LeaseLost')
    assert.equal(abort.pid, pid)
    await shop.tree.waitForEvent('task.lost', { id })
    // Its handler has ended, and the process lives to run the next one.
    await shop.run(id, 'end', 2)
    const next = await Promise.all(Array.from({ length: 4 }, () => shop.enqueue('slow')))
    for (const each of next) assert.equal(typeof (await shop.result(each)), 'number')
    assert.equal((await told).filter(state => state === 'done').length, 1)
    assert.deepEqual(await shop.job(id), finished)
  },
)

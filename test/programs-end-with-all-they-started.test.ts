import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { pidIn, startTree, type Tree } from './support/tree.ts'
import { isRunning, signalProcess } from './support/tree-processes.ts'
import { until } from './support/until.ts'

/** Each starts a child, which notes its process id, and what signal it gets. */
const parent = (child: string, then = 'wait') => ['sh', '-c', `sh ./${child}.sh & ${then}`]

const files = {
  // It needs a moment when it is asked to end, longer than its parent.
  'slow.sh': 'trap "sleep 0.5; echo TERM > slow.told; exit" TERM; echo $$ > slow.pid; sleep 600 & wait',
  'deaf.sh': 'trap "" TERM; echo $$ > deaf.pid; exec sleep 600',
  'mute.sh': 'trap "" TERM; echo $$ > mute.pid; exec sleep 600',
  'left.sh': 'trap "echo TERM > left.told" TERM; echo $$ > left.pid; sleep 600 & wait; sleep 600',
  'plain.sh': 'echo $$ > plain.pid; exec sleep 600',
}

const startSeconds = '50ms'
const stopTimeoutMs = 400
const alone = { startSeconds: 0, restart: 'never' }

test('a program', async t => {
  const tree = await startTree(t, {
    files,
    config: {
      programs: {
        slow: { command: parent('slow'), startSeconds },
        deaf: { command: parent('deaf'), startSeconds, stopTimeout: `${stopTimeoutMs}ms` },
        left: { command: parent('left'), stopMode: 'process', startSeconds },
        plain: { command: parent('plain', 'while [ ! -s plain.pid ]; do sleep 0.02; done'), ...alone },
        mute: { command: parent('mute'), ...alone },
      },
    },
  })
  const stop = (target: string) => tree.control('stop', { target })

  await t.test('that is stopped is asked with all of its group, and the last of it waited for', async () => {
    const slow = await pidIn(tree, 'slow.pid')
    await stop('slow')
    await tree.waitForEvent('program.stopped', { name: 'slow:0' })
    assert.equal(readFileSync(join(tree.dir, 'slow.told'), 'utf8'), 'TERM\n')
    assert.equal(isRunning(slow), false)
  })

  await t.test('that does not end is killed, and holds its place until all of it is gone', async () => {
    const deaf = await pidIn(tree, 'deaf.pid')
    const stoppedAt = performance.now()
    const stopped = stop('deaf')
    await tree.waitForEvent('program.killed', { name: 'deaf:0' })
    // A timer may be a millisecond early.
    assert.ok(performance.now() - stoppedAt > stopTimeoutMs - 2)
    await stopped
    await until('deaf is stopped', async () => stateOf(tree, 'deaf:0').then(state => state === 'STOPPED'))
    assert.equal(isRunning(deaf), false)
  })

  await t.test('with stopMode "process" is asked alone, and what it leaves behind is killed', async () => {
    const left = await pidIn(tree, 'left.pid')
    await stop('left')
    await until('left is stopped', async () => stateOf(tree, 'left:0').then(state => state === 'STOPPED'))
    assert.equal(isRunning(left), false)
    assert.equal(existsSync(join(tree.dir, 'left.told')), false)
  })

  await t.test('that ends by itself, or is killed, leaves nothing behind', async () => {
    const [plain, mute] = [await pidIn(tree, 'plain.pid'), await pidIn(tree, 'mute.pid')]
    await tree.waitForEvent('program.exited', { name: 'plain:0' })
    const { children } = await tree.status()
    signalProcess(children.find(({ name }) => name === 'mute:0')?.pid ?? 0, 'SIGKILL')
    await tree.waitForEvent('program.exited', { name: 'mute:0' })
    await until('both are gone', () => !isRunning(plain) && !isRunning(mute))
  })
})

test('the end of the tree waits for all groups, and a second signal for nobody', async t => {
  const config = {
    programs: {
      slow: { command: parent('slow'), startSeconds },
      deaf: { command: parent('deaf'), startSeconds, stopTimeout: '60s' },
    },
  }
  const tree = await startTree(t, { files, config })
  await Promise.all(['slow', 'deaf'].map(name => pidIn(tree, `${name}.pid`)))
  tree.signal('SIGTERM')
  await tree.waitForEvent('program.stopped', { name: 'slow:0' })
  assert.equal(readFileSync(join(tree.dir, 'slow.told'), 'utf8'), 'TERM\n')
  tree.signal('SIGTERM')
  assert.deepEqual(await tree.exit, { code: 0, signal: null })
  // The system ends those that are killed, in its own time.
  await until('nobody is left', () => tree.processIds().length === 0)
})

async function stateOf(tree: Tree, name: string): Promise<string | undefined> {
  return (await tree.status()).children.find(child => child.name === name)?.state
}

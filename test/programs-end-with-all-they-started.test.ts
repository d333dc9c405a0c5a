import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { startTree, type Tree } from './support/tree.ts'
import { signalProcess } from './support/tree-processes.ts'
import { until } from './support/until.ts'

/** Each starts a child, which notes its process id, and what signal it gets. */
const parent = (child: string, then = 'wait') => ['sh', '-c', `sh ./${child}.sh & ${then}`]

const files = {
  // It needs a moment when it is asked to end, longer than its parent.
  'slow.sh': 'trap "sleep 0.5; echo TERM > slow.told; exit" TERM; echo $$ > slow.pid; sleep 600 & wait',
  'deaf.sh': 'trap "" TERM; echo $$ > deaf.pid; exec sleep 600',
  'left.sh': 'trap "echo TERM > left.told" TERM; echo $$ > left.pid; sleep 600 & wait; sleep 600',
  'plain.sh': 'echo $$ > plain.pid; exec sleep 600',
}

test('a stop asks all of a group, waits for the last of it, and kills what does not end', async t => {
  const startSeconds = '50ms'
  const tree = await startTree(t, {
    files,
    config: {
      programs: {
        slow: { command: parent('slow'), startSeconds },
        deaf: { command: parent('deaf'), startSeconds, stopTimeout: '400ms' },
      },
    },
  })
  const [slow, deaf] = [await pidIn(tree, 'slow'), await pidIn(tree, 'deaf')]
  await tree.cli('stop', 'slow')
  await tree.waitForEvent('program.stopped', { name: 'slow:0' })
  assert.equal(readFileSync(join(tree.dir, 'slow.told'), 'utf8'), 'TERM\n')
  assert.equal(isAlive(slow), false)

  const stoppedAt = performance.now()
  await tree.cli('stop', 'deaf')
  await tree.waitForEvent('program.killed', { name: 'deaf:0' })
  assert.ok(performance.now() - stoppedAt >= 400)
  // It holds its place until all of it is gone.
  await until('deaf is stopped', async () => stateOf(tree, 'deaf:0').then(state => state === 'STOPPED'))
  assert.equal(isAlive(deaf), false)
})

test('with stopMode "process" only the program is asked, and what it leaves behind is killed', async t => {
  const tree = await startTree(t, {
    files,
    config: { programs: { left: { command: parent('left'), stopMode: 'process', startSeconds: '50ms' } } },
  })
  const left = await pidIn(tree, 'left')
  await tree.cli('stop', 'left')
  await until('left is stopped', async () => stateOf(tree, 'left:0').then(state => state === 'STOPPED'))
  assert.equal(isAlive(left), false)
  assert.equal(existsSync(join(tree.dir, 'left.told')), false)
})

test('a program that ends by itself, or is killed, leaves nothing behind', async t => {
  const tree = await startTree(t, {
    files,
    config: {
      programs: {
        plain: {
          command: parent('plain', 'while [ ! -s plain.pid ]; do sleep 0.02; done'),
          startSeconds: 0,
          restart: 'never',
        },
        deaf: { command: parent('deaf'), startSeconds: 0, restart: 'never' },
      },
    },
  })
  const [plain, deaf] = [await pidIn(tree, 'plain'), await pidIn(tree, 'deaf')]
  await tree.waitForEvent('program.exited', { name: 'plain:0' })
  const { children } = await tree.status()
  signalProcess(children.find(({ name }) => name === 'deaf:0')?.pid ?? 0, 'SIGKILL')
  await tree.waitForEvent('program.exited', { name: 'deaf:0' })
  await until('both are gone', () => !isAlive(plain) && !isAlive(deaf))
})

test('the end of the tree waits for all groups, and a second signal for nobody', async t => {
  const config = {
    programs: {
      slow: { command: parent('slow'), startSeconds: '50ms' },
      deaf: { command: parent('deaf'), startSeconds: '50ms', stopTimeout: '60s' },
    },
  }
  const tree = await startTree(t, { files, config })
  await Promise.all(['slow', 'deaf'].map(name => pidIn(tree, name)))
  tree.signal('SIGTERM')
  await tree.waitForEvent('program.stopped', { name: 'slow:0' })
  assert.equal(readFileSync(join(tree.dir, 'slow.told'), 'utf8'), 'TERM\n')
  tree.signal('SIGTERM')
  assert.deepEqual(await tree.exit, { code: 0, signal: null })
  assert.deepEqual(tree.processIds(), [])
})

async function pidIn(tree: Tree, name: string): Promise<number> {
  const file = join(tree.dir, `${name}.pid`)
  return Number(await until(`${name} has begun`, () => existsSync(file) && readFileSync(file, 'utf8').trim()))
}

async function stateOf(tree: Tree, name: string): Promise<string | undefined> {
  return (await tree.status()).children.find(child => child.name === name)?.state
}

/** A zombie, which nobody has waited for, is none. */
function isAlive(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))
  } catch {
    return false
  }
}

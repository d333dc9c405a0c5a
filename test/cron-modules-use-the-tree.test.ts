import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cronStatus, runDetached, runToEnd, startCronTree } from './support/cron-tree.ts'
import type { Tree } from './support/tree.ts'
import { until } from './support/until.ts'

const never = '0 0 1 1 *'

test('a module has the store of the tree, its tasks, its arguments and the time that it is for', async t => {
  const files = {
    'jobs/count.ts': `
import type { CronContext } from 'saola'
import { store } from 'saola/store'
import { tasks } from 'saola/tasks'
export default async function count({ name, args, scheduledAt }: CronContext): Promise<void> {
  const times = await store.counter('times').increment()
  await tasks.enqueue('note', { times })
  // Written, though nobody waits for it.
  void store.map('last').set('name', name)
  console.log(JSON.stringify({ name, args, times, isDate: scheduledAt instanceof Date }))
}`,
    'tasks/note.mjs': `
import { defineTask } from 'saola/tasks'
export const note = defineTask({ id: 'note', run: ({ times }) => console.log('noted ' + times) })`,
  }
  const cron = { count: { schedule: never, module: './jobs/count.ts' } }
  const config = { name: 'shop', apps: { web: { app: './app.mjs', listen: 'unix:./web.sock' } }, tasks: {}, cron }
  const tree = await startCronTree(t, cron, { files, config })
  for (const times of [1, 2]) {
    const { stdout, code } = await tree.cli('run', 'count', '--', '--fast', 'a b')
    assert.equal(code, 0)
    assert.deepEqual(JSON.parse(stdout), { name: 'count', args: ['--fast', 'a b'], times, isDate: true })
    await tree.waitForLine(new RegExp(`noted ${times}`))
  }
  const { stdout } = await tree.cli('store', 'get', 'last')
  assert.match(stdout, /count/)
})

const files = {
  'counts.mjs': `import { store } from 'saola/store'\nexport default () => store.counter('times').increment()`,
  'throws.mjs': 'export default () => { throw new Error("no such table: sessions") }',
  'later.mjs': 'export default () => new Promise(() => setTimeout(() => { throw new Error("later") }))',
  'none.mjs': 'export const cleanup = () => {}',
  'broken.mjs': 'export default () => {',
  'open.mjs': 'export default () => { setInterval(() => {}, 1000); console.log("done") }',
  'waits.mjs': `
export default async ({ signal }) => {
  console.log('waits')
  await new Promise(resolve => {
    const timer = setInterval(() => {}, 1000)
    signal.addEventListener('abort', () => (clearInterval(timer), resolve()))
  })
  console.log('told: ' + signal.reason.message)
}`,
  // As one that computes for ever, but for the heat.
  'hangs.mjs':
    'export default () => { console.log("hangs"); Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0) }',
}
const modules = Object.keys(files).map(file => file.replace('.mjs', ''))
const entries = Object.fromEntries(modules.map(name => [name, { schedule: never, module: `./${name}.mjs` }]))

test('a module', async t => {
  // More than its process needs to begin, however slow the machine is.
  const timed = { ...entries.waits, timeout: '5s' }
  const tree = await startCronTree(t, { ...entries, timed }, { files })
  await t.test('without a store in the tree starts it by using it', () => startsStore(tree))
  await t.test('gives what it throws as the reason, wherever that comes from', () => saysWhy(tree))
  await t.test('is told by its signal that its time is over', () => isTold(tree))
  await t.test('is ended by a kill -9 of the supervisor, also one that hangs', () => diesWithTree(tree))
})

async function startsStore(tree: Tree): Promise<void> {
  assert.equal((await tree.status()).children.length, 1)
  assert.ok((await runToEnd(tree, 'counts')).ok)
  const { children } = await tree.status()
  assert.equal(children.find(({ kind }) => kind === 'store')?.state, 'RUNNING')
}

async function saysWhy(tree: Tree): Promise<void> {
  const reasons = {
    throws: /^exited with code 1: no such table: sessions$/,
    later: /^exited with code 1: later$/,
    none: /none\.mjs expected a function as its default export, got undefined/,
    broken: /^exited with code 1: .*(Unexpected end of input|broken\.mjs)/,
  }
  for (const [name, expected] of Object.entries(reasons)) {
    const { code, reason } = await runToEnd(tree, name)
    assert.equal(code, 1)
    assert.match(reason ?? '', expected)
  }
  assert.deepEqual((await tree.cli('run', 'open')).stdout, 'done\n', 'A timer that is left open holds nothing up.')
}

async function isTold(tree: Tree): Promise<void> {
  const { stdout, code } = await tree.cli('run', 'timed')
  assert.deepEqual([stdout, code], ['waits\ntold: The run is to end.\n', 1])
  assert.equal((await cronStatus(tree, 'timed')).last?.reason, 'timed out after 5s')
}

async function diesWithTree(tree: Tree): Promise<void> {
  for (const name of ['hangs', 'waits']) await runDetached(tree, name)
  await tree.waitForLine(/"cron:hangs".*hangs/)
  await tree.waitForLine(/"cron:waits".*waits/)
  tree.signal('SIGKILL')
  await until('every process has ended', () => tree.processIds().length === 0)
}

import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { cronConfig, cronStatus, runDetached, startCronTree, untilCron, untilFile } from './support/cron-tree.ts'
import type { Tree } from './support/tree.ts'
import { signalProcess } from './support/tree-processes.ts'
import { until } from './support/until.ts'

const never = '0 0 1 1 *'

const entry = (overlap: string) => ({ schedule: '* * * * * *', command: untilFile(overlap), shell: true, overlap })
const deaf = (stopTimeout: string) => ({
  schedule: never,
  command: 'trap "echo no" TERM; echo began; while :; do sleep 0.1; done',
  shell: true,
  stopTimeout,
})
const stuck = 'sleep 600 & echo $! > grandchild; trap "" TERM; echo ready; wait; sleep 600'
const entries = {
  stuck: { schedule: never, command: stuck, shell: true, timeout: '2s', stopTimeout: '500ms' },
  leaves: { schedule: never, command: 'sleep 600 & echo $! > left; echo done', shell: true },
  skip: entry('skip'),
  queue: entry('queue'),
  allow: entry('allow'),
  deaf: deaf('10m'),
}

test('a run', async t => {
  const tree = await startCronTree(t, entries)
  await t.test('over its timeout ends with all that it has started, and has failed', () => overItsTimeout(tree))
  await t.test('ends with a process that it leaves behind in its group, and that holds nothing up', () =>
    leavesBehind(tree),
  )
  await t.test('that takes long lets the next ones be skipped, wait, or run beside it, as asked', () => takesLong(tree))
  await t.test('that does not end by its stopSignal is killed at once when the tree is asked twice', () =>
    askedTwice(tree),
  )
})

async function overItsTimeout(tree: Tree): Promise<void> {
  const { code, stderr } = await tree.cli('run', 'stuck')
  assert.equal(code, 137)
  assert.match(stderr, /stuck failed: timed out after 2s/)
  const grandchild = Number(readFileSync(join(tree.dir, 'grandchild'), 'utf8'))
  await until('the grandchild is gone', () => !signalProcess(grandchild, 0))
  // The answer to the command and the log come by different ways.
  await tree.waitForEvent('cron.failed', { name: 'stuck' })
  assert.deepEqual(
    tree.lines.flatMap(line => /"event":"(cron\.\w+)","name":"stuck"/.exec(line)?.[1] ?? []),
    ['cron.started', 'cron.timeout', 'cron.killed', 'cron.failed'],
  )
}

async function leavesBehind(tree: Tree): Promise<void> {
  const { code, stdout } = await tree.cli('run', 'leaves')
  assert.deepEqual([code, stdout], [0, 'done\n'])
  const left = Number(readFileSync(join(tree.dir, 'left'), 'utf8'))
  await until('it is gone', () => !signalProcess(left, 0))
}

async function takesLong(tree: Tree): Promise<void> {
  await untilCron(tree, 'allow', ({ running }) => running.length >= 3)
  const skip = await untilCron(tree, 'skip', ({ skipped }) => skipped >= 2)
  assert.deepEqual([skip.runs, skip.running.length, skip.isWaiting], [1, 1, false])
  const queue = await untilCron(tree, 'queue', ({ skipped }) => skipped >= 1)
  assert.deepEqual([queue.runs, queue.running.length, queue.isWaiting], [1, 1, true])
  const { reason } = await tree.waitForEvent('cron.skipped', { name: 'skip' })
  assert.match(String(reason), /^skip runs already \(pid \d+\), and its overlap is "skip"\.$/)
}

async function askedTwice(tree: Tree): Promise<void> {
  await runDetached(tree, 'deaf')
  await tree.waitForLine(/"cron:deaf".*began/)
  tree.signal('SIGTERM')
  await tree.waitForLine(/"cron:deaf".*no/)
  tree.signal('SIGQUIT')
  assert.equal((await tree.exit).code, 0)
  const endsOf = (event: string, name: string) => tree.events(event).filter(each => each.name === name).length
  assert.equal(endsOf('cron.stopped', 'deaf'), 1)
  assert.equal(endsOf('cron.skipped', 'skip'), 1, 'Said once for each run that is in the way.')
}

test('the end of the tree asks runs to end, waits for them, kills who does not end in time, and then waits for the store', async t => {
  const module = `
import { store } from 'saola/store'
import { writeFileSync } from 'node:fs'
export default async ({ signal }) => {
  console.log('began')
  await new Promise(resolve => {
    const timer = setTimeout(() => {}, 600_000)
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()))
  })
  await store.counter('cleaned').increment()
  writeFileSync('cleaned', 'yes')
}`
  const cron = { job: { schedule: never, module: './job.mjs' }, deaf: deaf('300ms') }
  const tree = await startCronTree(t, cron, { files: { 'job.mjs': module } })
  for (const name of Object.keys(cron)) await runDetached(tree, name)
  await tree.waitForLine(/"cron:job".*began/)
  await tree.waitForLine(/"cron:deaf".*began/)
  assert.equal((await tree.stop()).code, 0)
  assert.equal(readFileSync(join(tree.dir, 'cleaned'), 'utf8'), 'yes')
  const order = tree.lines.flatMap(
    line => /"event":"(cron\.(?:done|failed)","name":"job|store\.stopped|tree\.stopped)"/.exec(line)?.[1] ?? [],
  )
  assert.deepEqual(order, ['cron.done","name":"job', 'store.stopped', 'tree.stopped'])
  assert.deepEqual(
    tree.events('cron.killed').map(({ name }) => name),
    ['deaf'],
  )
})

test('a reload brings entries and takes them away; a run of one that is gone goes on to its end', async t => {
  const slow = { schedule: never, command: untilFile('go'), shell: true }
  const tree = await startCronTree(t, { slow, tick: { schedule: '* * * * * *', command: 'echo tick' } })
  await runDetached(tree, 'slow')
  await tree.waitForLine(/"cron:slow".*began/)
  await tree.waitForLine(/"cron:tick"/)
  const next = cronConfig({ tock: { schedule: '* * * * * *', command: 'echo tock' } })
  writeFileSync(join(tree.dir, 'saola.config.json'), JSON.stringify(next))
  await tree.reload()
  await tree.waitForEvent('reload.done')
  await tree.waitForLine(/"cron:tock"/)
  await until('it ticks twice', () => tree.events('cron.done').filter(({ name }) => name === 'tock').length > 1)
  // Of one that began before, the output may come later.
  const told = tree.lines.flatMap(line => /"event":"(reload\.done|cron\.started","name":"tick)"/.exec(line)?.[1] ?? [])
  assert.equal(told.at(-1), 'reload.done')
  assert.deepEqual(
    (await tree.status()).cron?.map(({ name }) => name),
    ['tock'],
  )
  writeFileSync(join(tree.dir, 'go'), '')
  const { code } = await tree.waitForEvent('cron.done', { name: 'slow' })
  assert.equal(code, 0)
  const wrong = cronConfig({ tock: { schedule: '61 * * * *', command: 'echo tock' } })
  writeFileSync(join(tree.dir, 'saola.config.json'), JSON.stringify(wrong))
  const refused = await tree.cli('reload', '--wait')
  assert.equal(refused.code, 1)
  assert.match(
    refused.stderr,
    /cron\.tock\.schedule expected five fields .*, got "61 \* \* \* \*" \(Invalid value for minute: 61\)/,
  )
  await tree.waitForLine(/"cron:tock"/, { since: tree.lines.length })
})

test('last results outlive the tree; a command of a tree that was killed is ended by the next one', async t => {
  const job = {
    schedule: '0 0 1 1 *',
    command: 'echo $$ > pid; trap "" TERM; echo began; sleep 600 & wait; wait',
    shell: true,
    stopTimeout: '300ms',
  }
  const cron = { fails: { schedule: never, command: ['sh', '-c', 'exit 4'] }, job }
  const first = await startCronTree(t, cron)
  assert.equal((await first.cli('run', 'fails')).code, 4)
  await runDetached(first, 'job')
  await first.waitForLine(/"cron:job".*began/)
  const pid = Number(readFileSync(join(first.dir, 'pid'), 'utf8'))
  await until('it is noted', () => readFileSync(join(first.dir, '.saola/shop/cron.json'), 'utf8').includes(String(pid)))
  first.signal('SIGKILL')
  await first.exit
  assert.ok(signalProcess(pid, 0), 'A command cannot know that its supervisor is gone.')
  await until('the first tree is gone but for its command', () => first.processIds().length <= 2)
  const second = await startCronTree(t, cron, { dir: first.dir })
  const { last } = await cronStatus(second, 'fails')
  assert.equal(last?.reason, 'exited with code 4')
  assert.equal((await second.waitForEvent('cron.left-over')).pid, pid)
  const { reason } = await second.waitForEvent('cron.failed', { name: 'job' })
  assert.equal(reason, 'left over from a tree that was killed')
  await until('it is gone', () => !signalProcess(pid, 0))
})

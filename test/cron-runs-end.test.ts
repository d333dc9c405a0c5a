import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { cronConfig, cronStatus, startCronTree, untilCron } from './support/cron-tree.ts'
import { signalProcess } from './support/tree-processes.ts'
import { until } from './support/until.ts'

const never = '0 0 1 1 *'

test('a run over its timeout ends with all that it has started, and has failed', async t => {
  const command = 'sleep 600 & echo $! > grandchild; trap "" TERM; echo ready; wait; sleep 600'
  const stuck = { schedule: never, command, shell: true, timeout: '2s', stopTimeout: '500ms' }
  const tree = await startCronTree(t, { stuck })
  const { code, stderr } = await tree.cli('run', 'stuck')
  assert.equal(code, 137)
  assert.match(stderr, /stuck failed: timed out after 2s/)
  const grandchild = Number(readFileSync(join(tree.dir, 'grandchild'), 'utf8'))
  await until('the grandchild is gone', () => !signalProcess(grandchild, 0))
  // The answer to the command and the log come by different ways.
  await tree.waitForEvent('cron.failed', { name: 'stuck' })
  assert.deepEqual(
    tree.lines.flatMap(line => /"event":"(cron\.\w+)"/.exec(line)?.[1] ?? []),
    ['cron.started', 'cron.timeout', 'cron.killed', 'cron.failed'],
  )
})

test('a process that was left behind in its group is ended with the run, and holds nothing up', async t => {
  const job = { schedule: never, command: 'sleep 600 & echo $! > left; echo done', shell: true }
  const tree = await startCronTree(t, { job })
  const startedAt = performance.now()
  assert.deepEqual((await tree.cli('run', 'job')).stdout, 'done\n')
  assert.ok(performance.now() - startedAt < 30_000)
  const left = Number(readFileSync(join(tree.dir, 'left'), 'utf8'))
  await until('it is gone', () => !signalProcess(left, 0))
})

/** A run that goes on until its file is there. */
const untilFile = (file: string) => `echo began; while [ ! -e ${file} ]; do sleep 0.05; done; rm ${file}; echo ended`

test('a run that takes long lets the next ones be skipped, wait, or run beside it, as asked', async t => {
  const entry = (overlap: string) => ({
    schedule: '* * * * * *',
    command: untilFile(overlap),
    shell: true,
    overlap,
  })
  const tree = await startCronTree(t, { skip: entry('skip'), queue: entry('queue'), allow: entry('allow') })
  await untilCron(tree, 'allow', ({ running }) => running.length >= 3)
  const skip = await untilCron(tree, 'skip', ({ skipped }) => skipped >= 2)
  assert.deepEqual([skip.runs, skip.running.length, skip.isWaiting], [1, 1, false])
  const queue = await untilCron(tree, 'queue', ({ skipped }) => skipped >= 1)
  assert.deepEqual([queue.runs, queue.running.length, queue.isWaiting], [1, 1, true])
  const events = tree.events('cron.skipped').filter(({ name }) => name === 'skip')
  assert.equal(events.length, 1, 'Said once for each run that is in the way.')
  assert.match(String(events[0]?.reason), /^skip runs already \(pid \d+\), and its overlap is "skip"\.$/)
  await tree.cli('stop', '--quick')
  await tree.exit
})

test('the end of the tree asks runs to end, waits for them, and then for the store', async t => {
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
  const tree = await startCronTree(
    t,
    { job: { schedule: '* * * * * *', module: './job.mjs' } },
    { files: { 'job.mjs': module } },
  )
  await tree.waitForLine(/"cron:job".*began/)
  assert.equal((await tree.stop()).code, 0)
  assert.equal(readFileSync(join(tree.dir, 'cleaned'), 'utf8'), 'yes')
  const order = tree.lines.flatMap(
    line => /"event":"(cron\.done|cron\.failed|store\.stopped|tree\.stopped)"/.exec(line)?.[1] ?? [],
  )
  assert.deepEqual(order, ['cron.done', 'store.stopped', 'tree.stopped'])
})

test('what does not end by its stopSignal is killed after stopTimeout; asked twice, the tree kills at once', async t => {
  const command = 'trap "echo no" TERM; echo began; while :; do sleep 0.1; done'
  const job = { schedule: '* * * * * *', command, shell: true, stopTimeout: '300ms' }
  const first = await startCronTree(t, { job })
  await first.waitForLine(/"cron:job".*began/)
  assert.equal((await first.stop()).code, 0)
  assert.equal(first.events('cron.killed').length, 1)
  const second = await startCronTree(t, { job: { ...job, stopTimeout: '10m' } })
  await second.waitForLine(/"cron:job".*began/)
  second.signal('SIGTERM')
  await second.waitForLine(/"cron:job".*no/)
  second.signal('SIGQUIT')
  assert.equal((await second.exit).code, 0)
  assert.equal(second.events('cron.stopped').length, 1)
})

test('a reload brings entries and takes them away; a run of one that is gone goes on to its end', async t => {
  const slow = { schedule: never, command: untilFile('go'), shell: true }
  const tree = await startCronTree(t, { slow, tick: { schedule: '* * * * * *', command: 'echo tick' } })
  assert.equal((await tree.cli('run', 'slow', '--detach')).code, 0)
  await tree.waitForLine(/"cron:slow".*began/)
  await tree.waitForLine(/"cron:tick"/)
  const next = cronConfig({ tock: { schedule: '* * * * * *', command: 'echo tock' } })
  writeFileSync(join(tree.dir, 'saola.config.json'), JSON.stringify(next))
  assert.equal((await tree.cli('reload', '--wait')).code, 0)
  const since = tree.lines.length
  await tree.waitForLine(/"cron:tock"/)
  await until('it ticks twice', () => tree.events('cron.done').filter(({ name }) => name === 'tock').length > 1)
  assert.deepEqual(
    tree.lines.slice(since).filter(line => line.includes('cron:tick')),
    [],
  )
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
  await first.cli('run', 'job', '--detach')
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
  assert.ok(!second.processIds().includes(pid))
})

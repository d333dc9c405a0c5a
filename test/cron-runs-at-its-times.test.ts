import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { cronStatus, runToEnd, startCronTree, untilCron } from './support/cron-tree.ts'
import { startTree, type Tree } from './support/tree.ts'
import { until } from './support/until.ts'

const never = '0 0 1 1 *'

const everySecond = '* * * * * *'
const at = { schedule: '30 8 * * *', command: 'true' }
const entries = {
  tick: {
    schedule: everySecond,
    command: ['node', '-p', '"name {name}, " + process.env.SAOLA_RUN_TIME + " " + process.env.GREETING'],
    env: { GREETING: 'hello from {name}' },
    overlap: 'queue',
  },
  fails: {
    schedule: everySecond,
    command: 'echo one >&2; echo "cannot reach the database" >&2; exit 3',
    shell: true,
  },
  job: {
    schedule: never,
    command: 'echo out; echo err >&2; echo out again; exit 75',
    shell: true,
    successExitCodes: [0, 75],
    stdout: { file: 'logs/{name}.log' },
    stderr: 'stdout',
  },
  big: { schedule: never, command: 'seq 1 2000', stdout: { file: 'big.log', maxBytes: '1KB', backups: 2 } },
  tokyo: { ...at, timeZone: 'Asia/Tokyo' },
  utc: { ...at, timeZone: 'UTC' },
  here: at,
}

test('a command', async t => {
  const tree = await startCronTree(t, entries, { env: { TZ: 'America/New_York' } })
  await t.test('runs at its times, once for each, and what it prints is in the log under its name', () =>
    runsAtItsTimes(tree),
  )
  await t.test('that fails says why: its exit code and its last words', () => saysWhy(tree))
  await t.test('can mean success with other exit codes, and print to a rotated file, both streams in order', () =>
    printsToFiles(tree),
  )
  await t.test('runs at the times of the zone that is asked for', () => heedsZones(tree))
  assert.equal((await tree.stop()).code, 0)
})

async function runsAtItsTimes(tree: Tree): Promise<void> {
  const of = (event: string) => tree.events(event).filter(({ name }) => name === 'tick')
  await until('3 runs', () => of('cron.done').length >= 3)
  const slots = of('cron.started').map(({ slot }) => String(slot))
  for (const slot of slots) assert.match(slot, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$/)
  assert.equal(new Set(slots).size, slots.length)
  await tree.waitForLine(new RegExp(`"source":"cron:tick".*name tick, ${slots[0]} hello from tick`))
  const { code, stdout } = await tree.cli('logs', 'cron:tick', '-n', '1', '--json')
  assert.equal(code, 0)
  assert.equal(JSON.parse(stdout).source, 'cron:tick')
  const { next, last, runs, schedule, failures } = await cronStatus(tree, 'tick')
  assert.equal(schedule, everySecond)
  assert.ok(Date.parse(next ?? '') > Date.parse(slots.at(-1) ?? ''), `${next} comes behind ${slots.at(-1)}`)
  assert.ok(last?.ok && last.code === 0 && last.by === 'schedule' && last.reason === undefined)
  assert.ok(runs >= 3 && failures === 0)
}

async function saysWhy(tree: Tree): Promise<void> {
  const { code, reason, name } = await tree.waitForEvent('cron.failed')
  assert.deepEqual([name, code, reason], ['fails', 3, 'exited with code 3: cannot reach the database'])
  const { last } = await untilCron(tree, 'fails', ({ failures }) => failures > 0)
  assert.equal(last?.code, 3)
  const { stdout } = await tree.cli('status')
  assert.match(stdout, /\nCRON +SCHEDULE +TIME ZONE +NEXT +RUNNING +RUNS +FAILED +SKIPPED +LAST\n/)
  assert.match(stdout, /\nfails +\* \* \* \* \* \* .*exited with code 3: cannot reach the database\n/)
  assert.equal((await tree.status()).state, 'running')
}

async function printsToFiles(tree: Tree): Promise<void> {
  assert.equal((await tree.cli('run', 'job')).code, 75)
  const { last } = await cronStatus(tree, 'job')
  assert.ok(last?.ok)
  assert.equal(readFileSync(join(tree.dir, 'logs', 'job.log'), 'utf8'), 'out\nerr\nout again\n')
  assert.ok((await runToEnd(tree, 'big')).ok)
  await until('the file was rotated', () => existsSync(join(tree.dir, 'big.log.2')))
  assert.ok(!existsSync(join(tree.dir, 'big.log.3')))
}

async function heedsZones(tree: Tree): Promise<void> {
  assert.match((await cronStatus(tree, 'tokyo')).next ?? '', /T23:30:00.000Z$/)
  assert.match((await cronStatus(tree, 'utc')).next ?? '', /T08:30:00.000Z$/)
  const { next, timeZone } = await cronStatus(tree, 'here')
  assert.equal(timeZone, 'America/New_York')
  assert.match(next ?? '', /T1[23]:30:00.000Z$/)
}

test('in development nothing runs but what is asked for', async t => {
  const tree = await startCronTree(t, { tick: { schedule: '* * * * * *', command: 'echo here' } }, { command: 'dev' })
  const idle = await tree.waitForLine(/cron\.idle/)
  assert.match(idle, /saola run NAME/)
  const { stdout, code } = await tree.cli('run', 'tick')
  assert.deepEqual([stdout, code], ['here\n', 0])
  const { runs, next } = await cronStatus(tree, 'tick')
  assert.deepEqual([runs, next], [1, undefined])
})

test('entries alone are a tree', async t => {
  const tick = { schedule: everySecond, command: 'echo tick', overlap: 'allow' }
  const tree = await startTree(t, { config: { name: 'shop', cron: { tick } } })
  await tree.waitForLine(/"source":"cron:tick".*tick/)
  await t.test('whose supervisor, when it stood still, runs what is due once, and goes on', () => standsStill(tree))
  await t.test('for which a log file that they cannot have is a problem', () => checksFiles(tree, tick))
  assert.equal((await tree.stop()).code, 0)
})

async function standsStill(tree: Tree): Promise<void> {
  tree.signal('SIGSTOP')
  const from = Date.now()
  await until('four seconds have passed', () => Date.now() - from > 4_000)
  const before = tree.events('cron.started').length
  tree.signal('SIGCONT')
  await until('it goes on', () => tree.events('cron.started').length >= before + 3)
  const after = tree.events('cron.started').slice(before)
  const passedSeconds = (Date.now() - from - 4_000) / 1_000
  assert.ok(after.length <= passedSeconds + 2, `${after.length} runs in ${passedSeconds} s`)
  const slots = tree.events('cron.started').map(({ slot }) => slot)
  assert.equal(new Set(slots).size, slots.length)
}

async function checksFiles(tree: Tree, tick: object): Promise<void> {
  assert.equal((await tree.cli('check')).stdout, 'saola.config.json is right: shop runs tick at certain times.\n')
  const wrong = { name: 'shop', cron: { tick: { ...tick, stdout: { file: '/proc/{name}/out.log' } } } }
  writeFileSync(join(tree.dir, 'saola.config.json'), JSON.stringify(wrong))
  const { code, stderr } = await tree.cli('reload', '--wait')
  assert.equal(code, 1)
  assert.match(stderr, /cron\.tick\.stdout\.file expected a file that can be written, got "\/proc\/tick\/out\.log"/)
}

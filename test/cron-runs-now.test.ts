import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { cronConfig, cronFiles, cronStatus, startCronTree, untilCron, untilFile } from './support/cron-tree.ts'
import { LineLog } from './support/line-log.ts'
import { makeProject, runSaola } from './support/saola-command.ts'
import { root, type Tree } from './support/tree.ts'
import { killMarked, markName } from './support/tree-processes.ts'

const never = '0 0 1 1 *'
const cron = {
  talks: { schedule: never, command: 'echo "one $1"; echo two >&2; printf three; exit 7', shell: true },
  dies: { schedule: never, command: 'kill -9 $$', shell: true },
  echo: { schedule: never, command: 'echo "a b"' },
  waits: { schedule: never, command: untilFile('go'), shell: true, overlap: 'queue' },
  alone: { schedule: never, command: untilFile('go-alone'), shell: true },
  other: { schedule: never, command: untilFile('go-other'), shell: true },
  flood: { schedule: never, command: 'seq 1 200000' },
  many: { schedule: never, command: 'seq 1 20000' },
}

/** The command beside the tree, and what it prints. */
function runBeside(t: TestContext, { dir }: { readonly dir: string }, ...args: string[]) {
  const child = spawn(process.execPath, [join(root, 'dist', 'bin.js'), 'run', ...args], { cwd: dir })
  t.after(() => child.kill('SIGKILL'))
  const output = new LineLog()
  output.read(child.stdout)
  output.read(child.stderr)
  const ended = once(child, 'close').finally(() => output.close())
  const line = (pattern: RegExp) => output.waitFor(String(pattern), text => (pattern.test(text) ? text : undefined))
  return { child, ended, line }
}

test('saola run', async t => {
  const tree = await startCronTree(t, cron)
  await t.test('prints what the command prints, and ends as it ends', () => printsAll(tree))
  await t.test('refuses a name that the section does not have, with the one that was meant', () => refusesNames(tree))
  await t.test('heeds overlap: a run is refused, or waits for the one before it', part => heedsOverlap(part, tree))
  await t.test('leaves out what comes faster than it is read, and says at the end how much that is', part =>
    leavesOut(part, tree),
  )
  await t.test('leaves the run to the tree at a Ctrl-C', part => leavesRun(part, tree))
  await t.test('is told when the tree ends', part => tellsOfTheEnd(part, tree))
})

async function printsAll(tree: Tree): Promise<void> {
  const talks = await tree.cli('run', 'talks', '--', 'more')
  assert.equal(talks.stdout, 'one more\nthree\n')
  assert.equal(talks.stderr, 'two\nsaola: talks failed: exited with code 7: two\n')
  assert.equal(talks.code, 7)
  assert.equal((await tree.cli('run', 'dies')).code, 128 + 9)
  assert.deepEqual((await tree.cli('run', 'echo', '--', '-n', 'c d')).stdout, 'a b -n c d\n')
  const { last } = await cronStatus(tree, 'echo')
  assert.deepEqual([last?.ok, last?.by], [true, 'run'])
  const { stdout } = await tree.cli('run', 'many')
  assert.equal(stdout.split('\n').length, 20_001)
}

async function refusesNames(tree: Tree): Promise<void> {
  const { code, stderr } = await tree.cli('run', 'ehco')
  assert.equal(code, 2)
  assert.match(stderr, /^saola: The section cron has no entry "ehco", did you mean echo\? {3}\[ERR_USAGE\]\n$/)
  assert.equal((await tree.cli('run')).code, 2)
}

async function heedsOverlap(t: TestContext, tree: Tree): Promise<void> {
  assert.match(
    (await tree.cli('run', 'alone', '--detach')).stdout,
    /^alone runs \(pid \d+\)\. See "saola logs cron:alone -f"\.\n$/,
  )
  const refused = await tree.cli('run', 'alone')
  assert.equal(refused.code, 1)
  assert.match(refused.stderr, /alone runs already \(pid \d+\), and its overlap is "skip"\. {3}\[ERR_CONTROL_REFUSED\]/)
  await tree.cli('run', 'waits', '--detach')
  const second = runBeside(t, tree, 'waits')
  await second.line(/^saola: waits runs already; this run begins when that is over\.$/)
  assert.match((await tree.cli('run', 'waits')).stderr, /another run waits for its end already/)
  writeFileSync(join(tree.dir, 'go'), '')
  await second.line(/^began$/)
  writeFileSync(join(tree.dir, 'go'), '')
  assert.deepEqual(await second.ended, [0, null])
}

async function leavesOut(t: TestContext, tree: Tree): Promise<void> {
  const child = spawn(process.execPath, [join(root, 'dist', 'bin.js'), 'run', 'flood'], { cwd: tree.dir })
  t.after(() => child.kill('SIGKILL'))
  // Nobody reads until it has ended.
  await untilCron(tree, 'flood', ({ last }) => last !== undefined)
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  const lines = stdout.split('\n').length - 1
  assert.ok(lines < 200_000, 'the reader was fast enough')
  const told = [...stderr.matchAll(/^saola: (\d+) lines were left out/gm)].map(([, count]) => Number(count))
  assert.equal(lines + told.reduce((sum, count) => sum + count, 0), 200_000)
}

async function leavesRun(t: TestContext, tree: Tree): Promise<void> {
  const { child, ended, line } = runBeside(t, tree, 'other')
  await line(/^began$/)
  child.kill('SIGINT')
  await line(/^Not waited for any more; other goes on: saola logs cron:other -f$/)
  assert.deepEqual(await ended, [130, null])
  assert.equal((await cronStatus(tree, 'other')).running.length, 1)
  writeFileSync(join(tree.dir, 'go-other'), '')
  assert.ok((await untilCron(tree, 'other', ({ last }) => last !== undefined)).last?.ok)
}

async function tellsOfTheEnd(t: TestContext, tree: Tree): Promise<void> {
  const { ended, line } = runBeside(t, tree, 'other')
  await line(/^began$/)
  tree.signal('SIGKILL')
  await line(/The tree has ended before it said how other did\. {3}\[ERR_CONTROL_UNREACHABLE\]/)
  assert.deepEqual(await ended, [1, null])
}

test('without a tree it runs by itself, and a Ctrl-C ends it', async t => {
  const job = `import { store } from 'saola/store'\nexport default async () => console.log(await store.counter('n').increment())`
  const config = cronConfig({ ...cron, job: { schedule: never, module: './job.mjs' } })
  // Its store has an owner of its own, which outlives the command for a while.
  const mark = `${process.pid}-run`
  t.after(() => killMarked(mark))
  const dir = makeProject(t, { files: { ...cronFiles, 'job.mjs': job, 'saola.config.json': JSON.stringify(config) } })
  const run = (...args: string[]) => runSaola(dir, ['run', ...args], { env: { [markName]: mark } })
  const talks = run('talks', '--', 'more')
  assert.equal(talks.stdout, 'one more\nthree\n')
  assert.match(talks.stderr, /^saola: no tree runs here; talks runs by itself\.\ntwo\n/)
  assert.equal(talks.code, 7)
  assert.equal(run('job').stdout, '1\n')
  const { child, ended, line } = runBeside(t, { dir }, 'alone')
  await line(/^began$/)
  child.kill('SIGINT')
  assert.deepEqual(await ended, [128 + 15, null])
  assert.match(run('ehco').stderr, /did you mean echo\?/)
  assert.match(run('echo', '--detach').stderr, /\[ERR_NOT_RUNNING\]/)
})

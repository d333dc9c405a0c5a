import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { LineLog } from './support/line-log.ts'
import { root, startTree, type Tree } from './support/tree.ts'
import { until } from './support/until.ts'

const quick = { startSeconds: '50ms', stopTimeout: '2s', backoff: { min: '20ms' } }
const redis = { command: 'sleep 1000', ...quick }

/** States by name: `redis:0 RUNNING`. */
async function states(tree: Tree): Promise<string[]> {
  return (await tree.status()).children.map(({ name, state }) => `${name} ${state}`)
}

async function outcome(tree: Tree, ...args: string[]): Promise<[number | null, string]> {
  const { code, stdout, stderr } = await tree.cli(...args)
  return [code, stdout + stderr]
}

test('a program of a tree', async t => {
  const tree = await startTree(t, { config: { programs: { redis } } })

  await t.test(
    'a program is stopped and started by its name, and who asks for what is so already is told',
    async () => {
      assert.deepEqual(await outcome(tree, 'start', 'redis'), [
        1,
        'saola: redis is running already.   [ERR_CONTROL_REFUSED]\n',
      ])
      const stopped = 'redis has stopped. "saola start redis" starts it again.\n'
      assert.deepEqual(await outcome(tree, 'stop', 'redis'), [0, stopped])
      assert.deepEqual(await outcome(tree, 'stop', 'redis'), [0, 'redis is not running: STOPPED.\n'])
      assert.deepEqual(await states(tree), ['redis:0 STOPPED'])
      assert.deepEqual(await outcome(tree, 'start', 'redis'), [0, 'redis: started.\n'])
      assert.deepEqual(await states(tree), ['redis:0 RUNNING'])
      assert.deepEqual(await outcome(tree, 'restart', 'redis:0'), [0, 'redis:0: started anew.\n'])
    },
  )

  await t.test('a word that names a file, or nothing, is no program', async () => {
    writeFileSync(join(tree.dir, 'redis'), 'export default { fetch: 3 }')
    const [, asFile] = await outcome(tree, 'start', 'redis')
    rmSync(join(tree.dir, 'redis'))
    assert.doesNotMatch(asFile, /is running already/)
    const [code, text] = await outcome(tree, 'start', 'rediss')
    assert.equal(code, 1)
    assert.match(text, /apps\.web\.app expected a file/)
    assert.match(text, /can be started by its name while its tree runs, and none that runs here has "rediss"/)
  })

  await t.test('a program is scaled from what there is', async () => {
    assert.deepEqual(await outcome(tree, 'scale', 'redis', '+2'), [0, 'redis: 1 → 3 processes\n'])
    await tree.waitForEvent('program.ready', { name: 'redis:2' })
    assert.deepEqual(await outcome(tree, 'scale', 'redis', '-2'), [0, 'redis: 3 → 1 processes\n'])
    const [code, text] = await outcome(tree, 'scale', 'redis', '0')
    assert.equal(code, 1)
    assert.match(text, /scale expected a number of processes from 1 to \d+, got 0/)
  })
})

test('a program that has failed stays as it is when it is stopped, and can be started again', async t => {
  const programs = {
    redis,
    broken: { command: 'false', startRetries: 0, ...quick, startSeconds: '30s' },
    done: { command: ['sh', '-c', 'until [ -e over ]; do sleep 0.02; done'], ...quick },
  }
  const tree = await startTree(t, { config: { programs } })
  // Not before it is up, however late that is seen: else it has failed.
  await tree.waitForEvent('program.ready', { name: 'done:0' })
  writeFileSync(join(tree.dir, 'over'), '')
  await tree.waitForEvent('program.exited', { name: 'done:0' })
  assert.deepEqual(await outcome(tree, 'stop', 'broken'), [0, 'broken is not running: FATAL.\n'])
  assert.deepEqual(await outcome(tree, 'stop', 'done'), [0, 'done is not running: EXITED.\n'])
  assert.deepEqual(await states(tree), ['broken:0 FATAL', 'done:0 EXITED', 'redis:0 RUNNING'])
  rmSync(join(tree.dir, 'over'))
  assert.deepEqual(await outcome(tree, 'start', 'done'), [0, 'done: started.\n'])
  const [code, text] = await outcome(tree, 'start', 'broken')
  assert.equal(code, 1)
  assert.match(text, /broken exited with code 1.* {3}\[ERR_CONTROL_REFUSED\]/)
})

test('a signal that ends the workers spares the programs', async t => {
  const files = { 'app.mjs': 'export default { fetch: () => new Response("hi") }' }
  const apps = { web: { app: './app.mjs', listen: '127.0.0.1:0' } }
  const tree = await startTree(t, { files, config: { apps, programs: { redis } } })
  tree.signal('SIGWINCH')
  await tree.waitForEvent('worker.stopped', { name: 'web:0' })
  assert.deepEqual(await states(tree), ['web:0 STOPPED', 'redis:0 RUNNING'])
  assert.deepEqual(await outcome(tree, 'stop', 'all'), [0, 'all has stopped. "saola start all" starts it again.\n'])
  assert.deepEqual(await states(tree), ['web:0 STOPPED', 'redis:0 STOPPED'])
  assert.deepEqual(await outcome(tree, 'start', 'all'), [0, 'all: 1 worker started, redis started.\n'])
  assert.deepEqual(await states(tree), ['web:0 RUNNING', 'redis:0 RUNNING'])
})

test('the status of a tree of programs says what they wait for', async t => {
  const programs = { redis: { ...redis, autostart: false }, api: { ...redis, dependsOn: { redis: 'ready' } } }
  const tree = await startTree(t, { config: { programs } })
  const { stdout } = await tree.cli('status')
  assert.doesNotMatch(stdout, /APP/)
  assert.match(stdout, /\napi:0 +STOPPED .* waits for redis to be ready, which is STOPPED\n/)
  assert.match((await tree.cli('top')).stdout, /\napi:0 +STOPPED .* waits for redis to be ready, which is STOPPED\n/)
  const [api] = JSON.parse((await tree.cli('status', '--json')).stdout).children
  assert.equal(api.waitsFor, 'waits for redis to be ready, which is STOPPED')
  await tree.cli('start', 'redis')
  await tree.waitForEvent('program.ready', { name: 'api:0' })
})

test('what a program has printed can be read when it has ended, and followed when it runs', async t => {
  const command = ['sh', '-c', 'echo out; echo err >&2; exec sleep 1000']
  const programs = { talker: { command, ...quick }, done: { command: ['sh', '-c', 'echo last words'], ...quick } }
  const tree = await startTree(t, { config: { programs } })
  const messages = async (...args: string[]) => {
    const { stdout } = await tree.cli('logs', ...args, '--json')
    const lines = stdout.trim().split('\n')
    return lines.map(line => JSON.parse(line)).map(({ source, stream, message }) => `${source} ${stream} ${message}`)
  }
  const isOf = (name: string, message: string) => (line: string) => line.includes(`"${name}"`) && line.includes(message)
  await tree.waitForLine(isOf('done:0', 'last words'))
  for (const message of ['out', 'err']) await tree.waitForLine(isOf('talker:0', `"${message}"`))
  assert.equal((await messages('done')).includes('done:0 stdout last words'), true)
  const said = await messages('talker')
  assert.deepEqual(said.toSorted(), ['talker:0 stderr err', 'talker:0 stdout out'])
  const line = await follow(t, tree, 'talker')
  await line(/err/)
  await tree.cli('restart', 'talker')
  await until('it has spoken again', async () => (await messages('talker')).length === 4)
})

async function follow(t: TestContext, tree: Tree, name: string) {
  const child = spawn(process.execPath, [join(root, 'dist', 'bin.js'), 'logs', name, '-f'], { cwd: tree.dir })
  t.after(() => child.kill('SIGKILL'))
  const output = new LineLog()
  output.read(child.stdout)
  void once(child, 'close').finally(() => output.close())
  return (pattern: RegExp) => output.waitFor(String(pattern), text => (pattern.test(text) ? text : undefined))
}

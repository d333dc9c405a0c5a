import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { root, spawnTree, startTree, type Tree } from './tree.ts'
import { killMarked, markName, processesMarked } from './tree-processes.ts'

/** Says what a tree says, has a child in a process group of its own, and does what its one argument asks for. */
const fakeTree = `
import { spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { createServer } from 'node:http'
const say = (event, fields) => console.log(JSON.stringify({ event, ...fields }))
const [command, ...args] = process.argv.slice(2)
if (command === 'echo') {
  console.log(args.join(' '))
  console.error(process.env.SAOLA_PORT ?? 'clean')
  process.exit(3)
}
if (args.includes('--broken')) {
  for (let line = 1; line <= 50; line++) console.log('line ' + line)
  process.stderr.write('its last words')
  process.exitCode = 1
} else {
  spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached: true })
  mkdirSync('.saola/web', { recursive: true })
  createServer((request, response) => response.end(JSON.stringify({ path: request.url }))).listen('.saola/web/control.sock')
  process.on('SIGHUP', () => say('reload.done', { generation: 2 }))
  process.on('SIGTERM', () => args.includes('--stubborn') || process.exit(0))
  say('tree.ready', { listen: args.includes('-b') ? ['unix:/x.sock', args[args.indexOf('-b') + 1]] : [], args: args.join(' ') })
}
`

async function fake(t: TestContext, args: readonly string[] = []): Promise<Tree> {
  const tree = spawnTree(t, { files: { 'fake.mjs': fakeTree }, bin: 'fake.mjs', args })
  await tree.waitForEvent('tree.ready')
  return tree
}

test('a tree is started in its own folder, with an address of its own and the package at hand', async t => {
  const tree = await startTree(t, { files: { 'fake.mjs': fakeTree, 'lib/data.txt': 'x' }, bin: 'fake.mjs' })
  assert.equal(tree.events('tree.ready')[0]?.args, './app.mjs -b 127.0.0.1:0')
  assert.deepEqual(tree.listen, ['unix:/x.sock', '127.0.0.1:0'])
  assert.equal(tree.url, 'http://127.0.0.1:0')
  assert.equal(readFileSync(join(tree.dir, 'lib/data.txt'), 'utf8'), 'x')
  assert.match(readFileSync(join(tree.dir, 'node_modules/saola/package.json'), 'utf8'), /"name": "saola"/)
})

test('a configuration takes the place of arguments', async t => {
  const files = { 'fake.mjs': fakeTree }
  const tree = await startTree(t, { files, bin: 'fake.mjs', config: { name: 'shop' } })
  assert.equal(tree.events('tree.ready')[0]?.args, '')
  assert.deepEqual(JSON.parse(readFileSync(join(tree.dir, 'saola.config.json'), 'utf8')), { name: 'shop' })
})

test('an event counts when it came before the wait, and only later ones when that is asked for', async t => {
  const tree = await fake(t)
  tree.signal('SIGHUP')
  assert.equal((await tree.waitForEvent('reload.done', { generation: 2 })).generation, 2)
  const second = tree.waitForEvent('reload.done', { generation: /^2$/ }, { since: tree.lines.length })
  tree.signal('SIGHUP')
  await second
  assert.equal(tree.events('reload.done').length, 2)
  assert.match(await tree.waitForLine(/"reload/), /reload\.done/)
})

test('a wait that is in vain ends, and shows the last lines', async t => {
  const tree = await fake(t)
  await assert.rejects(
    tree.waitForEvent('worker.ready', { name: 'web:7' }, { timeoutMs: 20 }),
    /^Error: worker\.ready \{"name":"web:7"\} did not come in 20 ms\. The last of 1 lines:\n\{"event":"tree\.ready"/,
  )
})

test('a wait ends with the tree, and has read its output to the last byte', async t => {
  const tree = spawnTree(t, { files: { 'fake.mjs': fakeTree }, bin: 'fake.mjs', args: ['--broken'] })
  await assert.rejects(tree.waitForEvent('tree.ready'), error => {
    const text = String(error)
    assert.match(text, /^Error: tree\.ready never came, the process has ended\. The last of 51 lines:\nline 1[12]\n/)
    assert.match(text, /its last words/)
    return true
  })
  assert.deepEqual(await tree.exit, { code: 1, signal: null })
})

test('the control socket and the command line are asked in the folder of the tree', async t => {
  const tree = await fake(t)
  assert.deepEqual(await tree.status(), { path: '/status' })
  assert.deepEqual(await tree.cli('echo', 'a', 'b'), { code: 3, signal: null, stdout: 'a b\n', stderr: 'clean\n' })
})

test('what stands in the environment by chance does not reach a tree', async t => {
  process.env.SAOLA_PORT = 'by chance'
  t.after(() => delete process.env.SAOLA_PORT)
  assert.equal((await (await fake(t)).cli('echo')).stderr, 'clean\n')
  const tree = await startTree(t, {
    files: { 'fake.mjs': fakeTree },
    bin: 'fake.mjs',
    env: { SAOLA_PORT: 'on purpose' },
  })
  assert.equal((await tree.cli('echo')).stderr, 'on purpose\n')
})

test('a stop waits for the end, and complains about a tree that stays', async t => {
  assert.deepEqual(await (await fake(t)).stop(), { code: 0, signal: null })
  await assert.rejects((await fake(t, ['--stubborn'])).stop({ timeoutMs: 50 }), /did not end in 50 ms/)
})

test('nothing of a tree outlives its test, whatever process group it is in', { skip: notLinux() }, async t => {
  let tree: Tree | undefined
  await t.test('a tree and its child are alive', async inner => {
    tree = await fake(inner)
    assert.equal(tree.processIds().length, 2)
  })
  assert.deepEqual(tree?.processIds(), [])
  assert.equal(existsSync(tree?.dir ?? '/'), false)
})

test('nothing of a tree outlives a test that is interrupted', { skip: notLinux() }, async t => {
  const mark = `${process.pid}-interrupted`
  t.after(() => killMarked(mark))
  const tree = await fake(t)
  const file = join(tree.dir, 'interrupted.test.ts')
  const support = JSON.stringify(join(root, 'test/support/tree.ts'))
  writeFileSync(
    file,
    `import { test } from 'node:test'
     import { startTree } from ${support}
     test('waits for ever', async t => {
       const tree = await startTree(t, { files: { 'fake.mjs': ${JSON.stringify(fakeTree)} }, bin: 'fake.mjs' })
       process.stdout.write('tree ' + tree.processIds().join(' ') + '\\n')
       await new Promise(() => setInterval(() => {}, 1000))
     })`,
  )
  const env = { ...process.env, NODE_TEST_CONTEXT: undefined, [markName]: mark }
  const runner = spawn(process.execPath, [file], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  for await (const line of createInterface(runner.stdout)) if (line.startsWith('tree ')) break
  const exit = once(runner, 'exit')
  runner.kill('SIGINT')
  await exit
  assert.deepEqual(processesMarked(mark), [])
  assert.deepEqual(processesMarked(`${runner.pid}-1`), [])
})

function notLinux(): string | false {
  return process.platform !== 'linux' && 'processes are found by their environment, which Linux shows'
}

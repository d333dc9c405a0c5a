import assert from 'node:assert/strict'
import { existsSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { request } from './support/http-connection.ts'
import { spawnTree, startTree, type Tree } from './support/tree.ts'
import { until } from './support/until.ts'

const app = `
import { createServer } from 'node:http'
createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://localhost')
  console.log('asked for ' + pathname)
  setTimeout(() => response.end(String(process.pid)), Number(searchParams.get('ms') ?? 0))
}).listen(3000)
`
const files = { 'app.mjs': app }

test('a tree that runs', async t => {
  const tree = await start(t)

  await t.test('ignores USR2 with a line that says why, and lives', async () => {
    const { pid } = (await tree.status()).children[0] ?? {}
    tree.signal('SIGUSR2')
    const { signal, why } = await tree.waitForEvent('signal.ignored')
    assert.deepEqual([signal, why], ['SIGUSR2', 'an upgrade of the running program is not available yet'])
    assert.equal(String((await request(tree.url)).body), String(pid))
  })

  await t.test('starts one more worker on TTIN, ends one on TTOU, and the last one stays', async () => {
    // Of a process that SIGSTOP holds, as test:stalls does, SIGCONT takes this one away: only there it may never be heard.
    tree.signal('SIGTTIN')
    await tree.waitForEvent('worker.ready', { name: 'web:1' })
    tree.signal('SIGTTOU')
    await tree.waitForEvent('worker.stopped', { name: 'web:1' })
    tree.signal('SIGTTOU')
    const { error } = await tree.waitForEvent('scale.refused', { name: 'web' })
    assert.match(String(error), /from 1 to/)
    assert.equal((await tree.status()).children.length, 1)
    assert.equal((await request(tree.url)).status, 200)
  })

  await t.test(answersAndEnds('SIGTERM'), () => endGracefully(tree, 'SIGTERM'))
})

test('a tree of two workers', async t => {
  const tree = await start(t, { workers: 2 })

  await t.test('ends them on WINCH and keeps the sockets: who comes is served by the next ones', async () => {
    tree.signal('SIGWINCH')
    await until('all workers have ended', () => tree.events('worker.stopped').length === 2)
    const { state, children } = await tree.status()
    assert.equal(state, 'running')
    assert.deepEqual(
      children.map(child => child.state),
      ['STOPPED', 'STOPPED'],
    )
    const waiting = request(tree.url)
    assert.equal((await tree.cli('restart', 'all')).code, 0)
    assert.equal((await waiting).status, 200)
  })

  await t.test(answersAndEnds('SIGINT'), () => endGracefully(tree, 'SIGINT'))
})

test('USR1 opens every log file anew, and no line is lost when logrotate has moved them', async t => {
  const tree = spawnTree(t, {
    files,
    config: configOf(
      { stdout: { file: './out.log' }, accessLog: { file: './access.log' }, listen: 'unix:./app.sock' },
      { log: { file: './saola.log' } },
    ),
  })
  const target = `unix:${join(tree.dir, 'app.sock')}`
  const read = (name: string) => readFileSync(join(tree.dir, name), 'utf8')
  await until(
    'the tree is ready',
    () => existsSync(join(tree.dir, 'saola.log')) && /tree\.ready/.test(read('saola.log')),
  )
  await request(target, { path: '/first' })
  for (const name of ['out', 'access', 'saola'])
    renameSync(join(tree.dir, `${name}.log`), join(tree.dir, `${name}.old`))
  // Until it is told, it goes on in the file that it has.
  await request(target, { path: '/second' })
  await until('the old files have it', () => ['out', 'access'].every(name => read(`${name}.old`).includes('/second')))
  tree.signal('SIGUSR1')
  await until('it has opened them', () =>
    ['out', 'access', 'saola'].every(name => existsSync(join(tree.dir, `${name}.log`))),
  )
  await request(target, { path: '/third' })
  tree.signal('SIGTERM')
  assert.equal((await tree.exit).code, 0)
  for (const name of ['out', 'access']) {
    const paths = (text: string) => text.match(/\/(?:first|second|third)/g)
    assert.deepEqual(paths(read(`${name}.old`)), ['/first', '/second'], name)
    assert.deepEqual(paths(read(`${name}.log`)), ['/third'], name)
  }
  assert.match(read('saola.log'), /"logs\.reopened".*"tree\.stopped"/s)
})

test('QUIT ends at once, whatever is in flight, with 0', async t => {
  const tree = await start(t)
  const slow = assert.rejects(request(tree.url, { path: '/slow?ms=60000' }))
  await tree.waitForLine(/asked for \/slow/)
  tree.signal('SIGQUIT')
  assert.deepEqual(await tree.exit, { code: 0, signal: null })
  await slow
})

test('an INT that is repeated ends at once', async t => {
  const tree = await start(t)
  const slow = assert.rejects(request(tree.url, { path: '/slow?ms=60000' }))
  await tree.waitForLine(/asked for \/slow/)
  // Until it has understood: whoever is on his way out already may be ended by one more.
  await until('it ends at once', async () => {
    // What it has said meanwhile is read first.
    await new Promise(resolve => setImmediate(resolve))
    if (tree.events('tree.stopping').length > 1) return true
    tree.signal('SIGINT')
    return false
  })
  assert.deepEqual(await tree.exit, { code: 0, signal: null })
  assert.deepEqual(
    tree
      .events('tree.stopping')
      .map(({ quick }) => quick)
      .slice(0, 2),
    [false, true],
  )
  await slow
})

test('a tree that never came to serve ends with 1, and a wrong command line with 2', async t => {
  const broken = spawnTree(t, { files: { 'app.mjs': 'throw new Error("no database")' }, config: configOf({}) })
  assert.deepEqual(await broken.exit, { code: 1, signal: null })
  assert.match(String(broken.events('worker.boot-failed')[0]?.error), /no database/)
  const wrong = spawnTree(t, { files, config: configOf({}), args: ['--wrokers', '2'] })
  assert.deepEqual(await wrong.exit, { code: 2, signal: null })
})

test('a stop while the first worker still boots ends with 0', async t => {
  const tree = spawnTree(t, {
    files: { 'app.mjs': 'console.log("booting"); await new Promise(() => setInterval(() => {}, 1000))' },
    config: configOf({}),
  })
  await tree.waitForLine(/booting/)
  assert.deepEqual(await tree.stop(), { code: 0, signal: null })
  assert.deepEqual(tree.processIds(), [])
})

function answersAndEnds(signal: string): string {
  return `lets requests in flight be answered on ${signal}, and ends with 0`
}

async function endGracefully(tree: Tree, signal: NodeJS.Signals): Promise<void> {
  const slow = request(tree.url, { path: '/slow?ms=1000' })
  await tree.waitForLine(/asked for \/slow/)
  // npm passes a Ctrl-C on that the terminal has sent to the whole group: two of them within a moment are one.
  tree.signal(signal)
  tree.signal(signal)
  assert.equal((await slow).status, 200)
  assert.deepEqual(await tree.exit, { code: 0, signal: null })
  assert.deepEqual(
    tree.events('tree.stopping').map(({ quick }) => quick),
    [false],
  )
}

function start(t: TestContext, web: object = {}): Promise<Tree> {
  return startTree(t, { files, config: configOf(web) })
}

function configOf(web: object, more: object = {}): object {
  const own = { app: './app.mjs', listen: '127.0.0.1:0', workers: 1, accessLog: false, ...web }
  return { name: 'shop', apps: { web: own }, ...more }
}

/** What a reload promises of programs and of the applications that depend on them, in whole trees. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { freePort } from './support/free-port.ts'
import { request } from './support/http-connection.ts'
import { startTree, type Tree } from './support/tree.ts'
import { until } from './support/until.ts'

/** Serves on a port, and says what it is; it answers what it has begun to when it is asked to end. */
const server = `
import { createServer } from 'node:http'
const [port, word] = process.argv.slice(2)
const server = createServer((req, res) => res.end(word)).listen(Number(port), '127.0.0.1')
process.on('SIGTERM', () => server.close())`

/** Asks the program before it answers, as one asks a database; with version 2 it needs none. */
const app = `
const { PORT_OF_DATA: port } = process.env
export default {
  async fetch() {
    if (!port) return new Response('alone')
    return new Response('with ' + (await (await fetch('http://127.0.0.1:' + port)).text()))
  },
}`

test('a program that is taken away serves until the application does without it', async t => {
  const port = await freePort()
  const data = { command: [process.execPath, 'server.mjs', String(port), 'data'], ready: { tcp: port } }
  const web = { app: './app.mjs', listen: '127.0.0.1:0', workers: 2 }
  const before = {
    apps: { web: { ...web, dependsOn: ['data'], env: { PORT_OF_DATA: String(port) } } },
    programs: { data },
  }
  const tree = await startTree(t, { files: { 'server.mjs': server, 'app.mjs': app }, config: before })
  const answers = new Map<string, number>()
  const load = loop(async () => {
    const { status, body } = await request(tree.url)
    const answer = `${status} ${body}`
    answers.set(answer, (answers.get(answer) ?? 0) + 1)
  })
  await until('it is under load', () => (answers.get('200 with data') ?? 0) > 20)

  // A version that does not come up: all stays as it is, the program too.
  configure(tree, { apps: { web: { ...web, app: './broken.mjs' } } }, { 'broken.mjs': 'throw new Error("no")' })
  assert.equal((await tree.cli('reload', '--wait')).code, 1)
  assert.deepEqual(await states(tree), ['web:0 RUNNING', 'web:1 RUNNING', 'data:0 RUNNING'])

  configure(tree, { apps: { web } })
  const { code, stdout, stderr } = await tree.cli('reload', '--wait')
  assert.equal(code, 0, stderr)
  assert.match(stdout, /2 workers replaced, data stopped/)
  await until('the program is gone', async () => (await states(tree)).length === 2)
  await until('it answers without', () => (answers.get('200 alone') ?? 0) > 20)
  await load.end()
  assert.deepEqual([...answers.keys()], ['200 with data', '200 alone'])
})

test('an application is replaced when the job before it is done, and not when that has failed', async t => {
  const migrate = (version: number, how = 0) => ({
    command: ['sh', '-c', `sleep 1.5; echo ${version} >> done; exit ${how}`],
    restart: 'never',
    startRetries: 0,
  })
  const web = (version: number) => ({
    app: './app.mjs',
    listen: '127.0.0.1:0',
    dependsOn: { migrate: 'completed' },
    env: { VERSION: String(version) },
  })
  const versioned = `
import { readFileSync } from 'node:fs'
const migrated = readFileSync('done', 'utf8').trim().split('\\n').at(-1)
export default { fetch: () => new Response(process.env.VERSION + ' on ' + migrated) }`
  const tree = await startTree(t, {
    files: { 'app.mjs': versioned },
    config: { apps: { web: web(1) }, programs: { migrate: migrate(1) } },
  })
  const answer = async () => String((await request(tree.url)).body)
  assert.equal(await answer(), '1 on 1')

  configure(tree, { apps: { web: web(2) }, programs: { migrate: migrate(2) } })
  assert.equal((await tree.cli('reload', '--wait')).code, 0)
  assert.equal(await answer(), '2 on 2')

  configure(tree, { apps: { web: web(3) }, programs: { migrate: migrate(3, 1) } })
  const { code, stderr } = await tree.cli('reload', '--wait')
  assert.equal(code, 1)
  assert.match(
    stderr,
    /web: the new worker waits for migrate to complete, which is EXITED; the old workers keep serving/,
  )
  assert.equal(await answer(), '2 on 2')
})

test('a program that does not come up with new settings goes back to the old ones, and no other is touched', async t => {
  const port = await freePort()
  const program = (script: string, word: string) => ({
    command: [process.execPath, script, String(port), word],
    // More than a program needs to begin.
    ready: { tcp: port, timeout: '5s' },
    startRetries: 1,
  })
  const other = { command: 'sleep 600', instances: 2, startSeconds: '50ms' }
  const tree = await startTree(t, {
    files: { 'server.mjs': server, 'deaf.mjs': 'setInterval(() => {}, 1000)' },
    config: { programs: { api: program('server.mjs', 'one'), other } },
  })
  const pids = await pidsOf(tree)
  for (const [script, why] of [
    ['absent.mjs', /api exited with code 1 before it was ready: Error: Cannot find module/],
    ['deaf.mjs', /api was not ready after \d+\.\ds: connection refused/],
  ] as const) {
    configure(tree, { programs: { api: program(script, 'two'), other } })
    const { code, stderr } = await tree.cli('reload', '--wait')
    assert.equal(code, 1)
    assert.match(stderr, why)
    const answer = await until('the old one is back', () => request(`http://127.0.0.1:${port}`).catch(() => undefined))
    assert.equal(String(answer.body), 'one')
  }
  const { 'api:0': api, ...others } = await pidsOf(tree)
  assert.notEqual(api, pids['api:0'])
  assert.deepEqual({ ...others, 'api:0': pids['api:0'] }, pids)

  configure(tree, { programs: { api: program('server.mjs', 'two'), other: { ...other, instances: 3 } } })
  const { code, stdout } = await tree.cli('reload', '--wait')
  assert.equal(code, 0)
  assert.match(stdout, /api replaced/)
  assert.equal(String((await request(`http://127.0.0.1:${port}`)).body), 'two')
  const { 'api:0': _, 'other:2': added, ...same } = await pidsOf(tree)
  assert.ok(added)
  assert.deepEqual({ ...same, 'api:0': pids['api:0'] }, pids)
})

test('the next reload need not wait for one that does nothing but wait for a program', async t => {
  const [a, b] = [
    { command: 'sleep 600', startSeconds: '50ms' },
    { command: 'sleep 601', startSeconds: '50ms' },
  ]
  const tree = await startTree(t, { config: { programs: { a, b } } })
  // It never ends, and so is never complete.
  configure(tree, { programs: { a, b: { ...b, command: 'sleep 602', dependsOn: { a: 'completed' } } } })
  const first = tree.cli('reload', '--wait')
  await tree.waitForEvent('program.held', { name: 'b', reason: 'waits for a to complete' })
  configure(tree, { programs: { a, b } })
  const second = await tree.cli('reload', '--wait')
  assert.equal(second.code, 0, second.stderr)
  assert.match((await first).stderr, /b waits for a to complete\./)
})

function configure(tree: Tree, config: object, files: Readonly<Record<string, string>> = {}): void {
  for (const [name, text] of Object.entries({ ...files, 'saola.config.json': JSON.stringify(config) }))
    writeFileSync(join(tree.dir, name), text)
}

async function states(tree: Tree): Promise<string[]> {
  return (await tree.status()).children.map(({ name, state }) => `${name} ${state}`)
}

async function pidsOf(tree: Tree): Promise<Record<string, number | undefined>> {
  return Object.fromEntries((await tree.status()).children.map(({ name, pid }) => [name, pid]))
}

/** Does something again and again until it is told to end; a failure is one of the test. */
function loop(run: () => Promise<void>): { end(): Promise<void> } {
  let isOver = false
  const running = (async () => {
    while (!isOver) await run()
  })()
  running.catch(() => {})
  return {
    end() {
      isOver = true
      return running
    },
  }
}

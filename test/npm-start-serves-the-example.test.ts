import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { request } from './support/http-connection.ts'
import { LineLog, parseEvent } from './support/line-log.ts'
import { root } from './support/tree.ts'
import { killMarked, markName } from './support/tree-processes.ts'

/** The script behind `npm start`, on a free port and under a name of its own: somebody may be using the real one. */
function npmStart(t: TestContext, ...args: readonly string[]) {
  const mark = `${process.pid}-npm-start`
  const name = `npm-start-${process.pid}`
  const script = join(root, 'scripts', 'start.mjs')
  const child = spawn(process.execPath, [script, '-b', '127.0.0.1:0', '--name', name, ...args], {
    env: { ...process.env, NODE_TEST_CONTEXT: undefined, SAOLA_DASHBOARD_LISTEN: '127.0.0.1:0', [markName]: mark },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.after(() => {
    killMarked(mark)
    rmSync(join(root, '.saola', name), { recursive: true, force: true })
  })
  const log = new LineLog()
  log.read(child.stdout)
  child.on('close', () => log.close())
  const event = (name: string) =>
    log.waitFor(name, line => {
      const found = parseEvent(line)
      return found?.event === name ? found : undefined
    })
  const line = (pattern: RegExp) => log.waitFor(String(pattern), line => pattern.exec(line) ?? undefined)
  return { child, event, line }
}

test('npm start serves the example, prints an address of its dashboard, passes arguments and signals on, and ends as the tree does', async t => {
  const { child, event, line } = npmStart(t, '-w', '1')
  const { listen } = await event('tree.ready')
  const hello = await request(`http://${listen}`)
  assert.match(String(hello.body), /^Hello from web:0 /)
  const [, base, token] = await line(/(http:\/\/127\.0\.0\.1:\d+)\/#token=([\w-]{43})$/)
  await event('monitor.ready')
  const body = JSON.stringify({ token })
  const signedIn = await request(String(base), {
    method: 'POST',
    path: '/api/session',
    headers: { Host: '127.0.0.1', 'Content-Type': 'application/json' },
    body,
  })
  assert.equal(signedIn.status, 200)
  child.kill('SIGHUP')
  await event('reload.done')
  child.kill('SIGTERM')
  assert.deepEqual(await once(child, 'exit'), [0, null])
})

test('npm start ends with the exit code of a tree that cannot start', async t => {
  const { child } = npmStart(t, '-w', 'many')
  const [code] = await once(child, 'exit')
  assert.notEqual(code, 0)
})

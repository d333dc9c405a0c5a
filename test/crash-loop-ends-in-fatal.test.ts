import assert from 'node:assert/strict'
import { test } from 'node:test'
import { request } from './support/http-connection.ts'
import { startTree } from './support/tree.ts'
import { signalProcess } from './support/tree-processes.ts'

// Boots well, and dies of its first request: what a supervisor must notice, too.
const crashing = `
import { createServer } from 'node:http'
createServer(() => { throw new Error('the database is gone') }).listen(3000)
`
const steady = `export default (request, response) => response.end('steady')`

test('a crash loop backs off and ends in FATAL with its reason, and other children go on', async t => {
  const tree = await startTree(t, {
    files: { 'crashing.mjs': crashing, 'steady.mjs': steady },
    config: {
      apps: {
        // A worker that dies within a minute has not started well: on a slow machine its request may come late.
        api: {
          app: './crashing.mjs',
          listen: '127.0.0.1:0',
          startSeconds: '1m',
          startRetries: 3,
          backoff: { min: '50ms' },
        },
        web: { app: './steady.mjs', listen: 'unix:./web.sock' },
      },
    },
  })
  const before = await tree.status()
  const web = before.children.find(child => child.app === 'web')
  const api = before.children.find(child => child.app === 'api')
  const fatalSoon = tree.waitForEvent('worker.fatal', { name: 'api:0' })
  let since = tree.lines.length
  assert.ok(signalProcess(api?.pid ?? 0, 'SIGKILL'))
  for (let crashes = 0; crashes < 3; crashes++) {
    await tree.waitForEvent('worker.ready', { name: 'api:0' }, { since })
    since = tree.lines.length
    await assert.rejects(request(tree.url))
  }
  const fatal = await fatalSoon
  assert.match(String(fatal.reason), /the database is gone/)

  const waits = tree.events('worker.backoff').map(event => Number(event.waitMs))
  assert.equal(waits.length, 3)
  for (const [i, wait] of waits.entries()) {
    const full = 50 * 2 ** i
    assert.ok(wait <= full && wait >= full * 0.75, `the waits were ${waits}`)
  }
  const status = await tree.status()
  const row = status.children.find(child => child.app === 'api')
  assert.equal(row?.state, 'FATAL')
  assert.match(row?.lastExit?.reason ?? '', /exited with code 1: the database is gone/)
  assert.equal(status.children.find(child => child.app === 'web')?.pid, web?.pid)
  assert.equal(String((await request(`unix:${tree.dir}/web.sock`)).body), 'steady')

  // An operator who has mended the cause reloads, and the place is filled again.
  tree.signal('SIGHUP')
  await tree.waitForEvent('reload.done')
  assert.equal((await tree.status()).children.find(child => child.app === 'api')?.state, 'RUNNING')
})

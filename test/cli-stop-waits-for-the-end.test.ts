import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { request } from './support/http-connection.ts'
import { startTree } from './support/tree.ts'

// Answers the first byte at once, and the rest when the file `go` is there, or never.
const files = {
  'app.mjs': `
import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
createServer((request, response) => {
  if (request.url === '/') return void response.end('hello')
  console.log('slow request')
  const timer = setInterval(() => {
    if (!existsSync('go')) return
    clearInterval(timer)
    response.end('done')
  }, 10)
}).listen(3000)
`,
}

test('stop returns when the tree is gone, and what was in flight is answered first', async t => {
  const tree = await startTree(t, { files, args: ['-w', '2'] })
  const answer = request(tree.url, { path: '/slow' })
  await tree.waitForLine(/slow request/)
  const stopped = tree.cli('stop')
  await tree.waitForEvent('tree.stopping')
  // Nothing has to happen for 100 ms: it must still be waiting.
  assert.equal(await Promise.race([stopped, new Promise(resolve => setTimeout(resolve, 100, 'waiting'))]), 'waiting')
  const { writeFileSync } = await import('node:fs')
  writeFileSync(`${tree.dir}/go`, '')
  assert.equal(String((await answer).body), 'done')
  const { code, stdout } = await stopped
  assert.deepEqual([code, stdout], [0, `${(await tree.waitForEvent('tree.ready')).name} has stopped.\n`])
  assert.deepEqual(tree.processIds(), [])
  assert.deepEqual(await tree.exit, { code: 0, signal: null })
  assert.ok(!existsSync(tree.controlSocket))
  const again = await tree.cli('stop')
  assert.equal(again.code, 1)
  assert.match(again.stderr, /\[ERR_NOT_RUNNING\]/)
})

test('a stop that takes too long says so, and a quick one ends it', async t => {
  const tree = await startTree(t, { files, args: ['-w', '1'] })
  request(tree.url, { path: '/slow' }).catch(() => {})
  await tree.waitForLine(/slow request/)
  const late = await tree.cli('stop', '--timeout', '50ms')
  assert.equal(late.code, 1)
  assert.match(
    late.stderr,
    /is still stopping after 50ms\. Use "saola stop --quick" to end it now\. {3}\[ERR_STOP_TIMEOUT\]/,
  )
  assert.equal((await tree.cli('stop', '--quick')).code, 0)
  assert.deepEqual(await tree.exit, { code: 0, signal: null })
})

test('one worker can be stopped and started again', async t => {
  const tree = await startTree(t, { files, args: ['-w', '2'] })
  const { code, stdout } = await tree.cli('stop', 'web:1')
  assert.deepEqual([code, stdout], [0, 'web:1 has stopped. "saola start web:1" starts it again.\n'])
  assert.deepEqual(
    (await tree.status()).children.map(child => [child.name, child.state]),
    [
      ['web:0', 'RUNNING'],
      ['web:1', 'STOPPED'],
    ],
  )
  assert.equal(String((await request(tree.url)).body), 'hello')
  const restarted = await tree.cli('restart', 'web:1')
  assert.deepEqual([restarted.code, restarted.stdout], [0, 'web:1: 1 worker replaced.\n'])
  assert.deepEqual(
    (await tree.status()).children.map(child => child.state),
    ['RUNNING', 'RUNNING'],
  )
  const both = await tree.cli('stop', 'web', '--quick')
  assert.equal(both.code, 2)
})

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { request } from './support/http-connection.ts'
import { LineLog } from './support/line-log.ts'
import { root, startTree, type Tree } from './support/tree.ts'

const files = {
  'app.mjs': `
export default { fetch(request) {
  console.log('GET ' + new URL(request.url).pathname)
  console.error('careful')
  return new Response('hello')
} }`,
}

/** A command that runs beside the tree, and what it prints. */
function follow(t: TestContext, tree: Tree, ...args: string[]) {
  const child = spawn(process.execPath, [join(root, 'dist', 'bin.js'), 'logs', ...args], { cwd: tree.dir })
  t.after(() => child.kill('SIGKILL'))
  const output = new LineLog()
  output.read(child.stdout)
  const ended = once(child, 'close').finally(() => output.close())
  const line = (pattern: RegExp) => output.waitFor(String(pattern), text => (pattern.test(text) ? text : undefined))
  return { child, ended, line }
}

// Of one tree are all cases, one after the other.
test('saola logs', async t => {
  const tree = await startTree(t, { files, args: ['-w', '1'] })

  await t.test('one source, a number of lines, and JSON for programs', async () => {
    await request(tree.url, { path: '/one' })
    await request(tree.url, { path: '/two' })
    await tree.waitForLine(/GET \/two/)
    // The two streams come in any order.
    const first = tree.lines.indexOf(await tree.waitForLine(/careful/))
    await tree.waitForLine(/careful/, { since: first + 1 })
    const { code, stdout } = await tree.cli('logs', 'web', '-n', '3', '--json')
    assert.equal(code, 0)
    const lines = stdout.trim().split('\n')
    assert.equal(lines.length, 3)
    for (const text of lines) {
      const line = JSON.parse(text)
      assert.deepEqual(Object.keys(line), ['time', 'source', 'stream', 'message'])
      assert.equal(line.source, 'web:0')
    }
    assert.match(stdout, /"stream":"stdout","message":"GET \/two"/)
    assert.match(stdout, /"stream":"stderr","message":"careful"/)
    assert.equal((await tree.cli('logs', 'web:0', '-n', '0')).stdout, '')
  })

  await t.test('a name that nothing has is refused: nobody would ever write to it', async () => {
    const { code, stderr } = await tree.cli('logs', 'wbe', '-f')
    assert.equal(code, 2)
    assert.match(stderr, /Nothing here is named "wbe", did you mean web\? {3}\[ERR_USAGE\]/)
  })

  await t.test('a reader that has seen enough ends the command, and it says nothing', async t => {
    const { child, ended, line } = follow(t, tree, '-f')
    let complaint = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaint += text
    })
    await line(/tree\.ready/)
    child.stdout.destroy()
    await request(tree.url)
    assert.deepEqual(await ended, [0, null])
    assert.equal(complaint, '')
  })

  await t.test('the lines of the past come first, then those that follow, until the tree ends', async t => {
    await request(tree.url, { path: '/before' })
    await tree.waitForLine(/GET \/before/)
    const { ended, line } = follow(t, tree, '-f')
    assert.match(await line(/tree\.ready/), /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} saola \| info {2}tree\.ready name=/)
    assert.match(await line(/before/), /^\S+ \S+ web:0 \| GET \/before$/)
    await request(tree.url, { path: '/after' })
    await line(/web:0 \| GET \/after$/)
    await tree.stop()
    assert.deepEqual(await ended, [0, null])
  })
})

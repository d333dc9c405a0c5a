/** Issue 5, promise 6: one of two upstreams is killed under load, and no request fails. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { keepAliveClient } from './support/clients.ts'
import { startTree } from './support/tree.ts'

const source = `
const { createServer } = require('node:http')
const server = createServer((req, res) => setTimeout(() => res.end('x'.repeat(2_000)), 2))
server.listen(isNaN(process.argv[1]) ? process.argv[1] : Number(process.argv[1]), ...(isNaN(process.argv[1]) ? [] : ['127.0.0.2']), () => {
  const address = server.address()
  console.log(typeof address === 'string' ? 'unix:' + address : 'http://127.0.0.2:' + address.port)
})
`

/**
 * A process of its own, which is gone when the test is over. Its address is one that no client gets a port of, who might have it when
 * it comes again.
 */
async function startUpstream(t: TestContext, where: string): Promise<{ child: ChildProcess; url: string }> {
  const child = spawn(process.execPath, ['-e', source, where], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  const [line] = await once(child.stdout, 'data')
  return { child, url: String(line).trim() }
}

for (const kind of ['TCP', 'a Unix socket']) {
  test(`kill -9 of one of two upstreams on ${kind} costs no GET, and its return is seen`, async t => {
    const dir = mkdtempSync(join(tmpdir(), 'saola-'))
    t.after(() => rmSync(dir, { recursive: true, force: true }))
    const place = (name: string) => (kind === 'TCP' ? '0' : join(dir, name))
    const [one, two] = [await startUpstream(t, place('one')), await startUpstream(t, place('two'))]
    const proxy = { '/': { to: [one.url, two.url], failTimeout: '100ms' } }
    const tree = await startTree(t, {
      files: { 'app.mjs': 'export default (req, res) => res.writeHead(500).end()' },
      config: { apps: { web: { app: './app.mjs', listen: '127.0.0.1:0', workers: 1, edge: { proxy } } } },
    })
    const client = keepAliveClient(t, tree.url, { lanes: 16, pauseMs: 0 }).start()
    await client.answered(200)
    one.child.kill('SIGKILL')
    await tree.waitForEvent('edge.upstream.down', { url: one.url })
    await client.answered(500)
    rmSync(join(dir, 'one'), { force: true })
    await startUpstream(t, kind === 'TCP' ? new URL(one.url).port : join(dir, 'one'))
    await tree.waitForEvent('edge.upstream.up', { url: one.url })
    await client.answered(500)
    const { failed, errors } = await client.stop()
    assert.equal(failed, 0, errors.join('\n'))
    assert.equal(tree.events('edge.upstream.down').length, 1)
  })
}

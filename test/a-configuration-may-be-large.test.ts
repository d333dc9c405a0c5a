/** What a worker is to be reaches it also when it is more than a process can be started with: Linux takes 128 KiB. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keepAliveClient } from './support/clients.ts'
import { request } from './support/http-connection.ts'
import { startTree } from './support/tree.ts'

const app = "export default (req, res) => res.end(process.env.SAOLA_WORKER ?? 'no task in the environment')"

test('workers whose settings fit into no environment variable start, are replaced and serve', async t => {
  const config = (mark: string) => ({
    apps: {
      web: {
        app: './app.mjs',
        listen: '127.0.0.1:0',
        workers: 2,
        edge: {},
        accessLog: { format: `${mark} %(U)s ${'x'.repeat(300_000)}`, file: './access.log' },
      },
    },
  })
  const tree = await startTree(t, { files: { 'app.mjs': app }, config: config('one') })
  const get = async () => String((await request(tree.url, { path: '/todo' })).body)
  assert.equal(await get(), 'no task in the environment')
  // The first worker of a start is another case than those that follow it: it runs before its settings are known.
  for (const { state } of (await tree.status()).children) assert.equal(state, 'RUNNING')
  const client = keepAliveClient(t, tree.url, { lanes: 2, pauseMs: 20 }).start()
  await client.answered(5)
  assert.equal((await tree.cli('restart', 'web')).code, 0)
  await client.answered(5)
  assert.deepEqual((await client.stop()).errors, [])
  assert.equal(await get(), 'no task in the environment')
})

test('five thousand redirects are served, and told in a few lines', async t => {
  const redirects = Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`/old/${index}`, `/new/${index}`]))
  const config = { apps: { web: { listen: '127.0.0.1:0', workers: 2, edge: { redirects } } } }
  const tree = await startTree(t, { config })
  const { status, headers } = await request(tree.url, { path: '/old/4999' })
  assert.deepEqual([status, headers.get('location')], [308, '/new/4999'])
  const printed = (await tree.cli('config')).stdout.split('\n').find(line => line.includes('edge.redirects')) ?? ''
  assert.match(printed, /… 4990 more/)
  assert.ok(printed.length < 4_000, `${printed.length} characters`)
})

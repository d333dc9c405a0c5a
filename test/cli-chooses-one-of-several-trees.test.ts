import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTree } from './support/tree.ts'

const app = './app.mjs'
const files = {
  'app.mjs': `export default { fetch: () => new Response('hello') }`,
  'blog.json': JSON.stringify({ name: 'blog', apps: { web: { app, listen: '127.0.0.1:0', workers: 1 } } }),
}

test('where several trees run, a command lists them, and -c or --name chooses', async t => {
  const blog = await startTree(t, { files, args: ['-c', 'blog.json'], config: { apps: {} } })
  const shop = await startTree(t, {
    dir: blog.dir,
    app,
    args: ['-w', '1', '--name', 'shop', '-c', 'shop.json', '-b', '127.0.0.1:0'],
    files: { 'shop.json': '{}' },
  })

  const { code, stderr } = await blog.cli('status')
  assert.equal(code, 1)
  assert.equal(
    stderr,
    `saola: 2 trees run in ${blog.dir}. Choose one:   [ERR_TREE_AMBIGUOUS]\n  --name blog\n  --name shop\n`,
  )
  const pidOf = async (...args: string[]) => JSON.parse((await blog.cli('status', '--json', ...args)).stdout).pid
  assert.equal(await pidOf('--name', 'blog'), blog.pid)
  assert.equal(await pidOf('-c', 'blog.json'), blog.pid)
  assert.equal(await pidOf('--name', 'shop'), shop.pid)
  assert.equal(await pidOf('-c', 'shop.json'), shop.pid)

  // A tree that was killed leaves its socket behind: it does not count.
  shop.signal('SIGKILL')
  await shop.exit
  assert.equal(await pidOf(), blog.pid)
  const gone = await blog.cli('stop', '--name', 'shop')
  assert.match(gone.stderr, /^saola: No tree "shop" runs in .*, there is blog\. {3}\[ERR_NOT_RUNNING\]\n$/)
  assert.equal((await blog.cli('stop')).stdout, 'blog has stopped.\n')
})

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { request } from './support/http-connection.ts'
import { spawnTree, startTree, type Tree, type TreeOptions } from './support/tree.ts'

const rounds = 2
const startsMax = 4
const files = { 'app.js': 'export default { fetch: () => new Response(String(process.ppid)) }' }

test('of four starts in a folder one wins, though a killed tree has left its control socket', async t => {
  const config = { apps: { web: { app: './app.js', listen: '127.0.0.1:0', workers: 1, accessLog: false } } }
  let last = await startTree(t, { files, config })
  for (let round = 0; round < rounds; round++) {
    await kill(last)
    const { winner, losers } = await race(t, Array(startsMax).fill({ dir: last.dir }), ['-b', '127.0.0.1:0'])
    for (const loser of losers) assert.match(loser.lines.join('\n'), /^saola: .*\[ERR_ALREADY_RUNNING\]$/m)
    assert.equal((await winner.status()).pid, winner.pid)
    last = winner
  }
})

test('of four starts that ask for one socket path one wins, though a killed tree has left it', async t => {
  // A slow boot: until a worker listens, nobody answers on the path.
  const slow = { 'app.js': `await new Promise(done => setTimeout(done, 300)); ${files['app.js']}` }
  const app = { files: slow, config: configOf('./shared.sock') }
  const first = await startTree(t, app)
  const path = `${first.dir}/shared.sock`
  await kill(first)
  const inFolders = [{ dir: first.dir }, ...Array(startsMax - 1).fill(app)]
  const { winner, losers } = await race(t, inFolders, ['-b', `unix:${path}`])
  for (const loser of losers) assert.match(loser.lines.join('\n'), /a live server holds it.*ERR_ADDRESS_UNAVAILABLE/)
  assert.equal(String((await request(`unix:${path}`)).body), String(winner.pid))
})

function configOf(path: string): object {
  return { apps: { web: { app: './app.js', listen: `unix:${path}`, workers: 1, accessLog: false } } }
}

async function kill(tree: Tree): Promise<void> {
  tree.signal('SIGKILL')
  await tree.exit
}

/** Starts these trees at once, and waits until all but one have ended. */
async function race(
  t: TestContext,
  starts: readonly TreeOptions[],
  args: readonly string[],
): Promise<{ winner: Tree; losers: readonly Tree[] }> {
  const trees = starts.map(options => spawnTree(t, { ...options, args, app: './app.js' }))
  const outcomes = await Promise.all(
    trees.map(tree =>
      tree.waitForEvent('tree.ready').then(
        () => true,
        () => false,
      ),
    ),
  )
  const winners = trees.filter((_, index) => outcomes[index])
  const losers = trees.filter((_, index) => !outcomes[index])
  const [winner] = winners
  assert.ok(winner)
  assert.equal(winners.length, 1)
  for (const { code } of await Promise.all(losers.map(tree => tree.exit))) assert.equal(code, 1)
  return { winner, losers }
}

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTree, type Tree } from './support/tree.ts'

const files = { 'app.mjs': `export default { fetch: () => new Response('hello') }` }

async function running(tree: Tree): Promise<string[]> {
  return (await tree.status()).children.filter(child => child.state === 'RUNNING').map(child => child.name)
}

// Of one tree are both cases.
test('saola scale', async t => {
  const tree = await startTree(t, { files, args: ['-w', '1'] })

  await t.test('what is no number or no application is refused, and changes nothing', async () => {
    const noNumber = await tree.cli('scale', 'web', 'many')
    assert.equal(noNumber.code, 2)
    assert.match(noNumber.stderr, /expected a number such as 4, \+1 or -1, got "many"\. {3}\[ERR_USAGE\]/)
    const noWorkers = await tree.cli('scale', 'web', '-1')
    assert.equal(noWorkers.code, 1)
    assert.match(noWorkers.stderr, /from 1 to \d+, got 0/)
    const noApp = await tree.cli('scale', 'wbe', '2')
    assert.equal(noApp.code, 1)
    assert.match(noApp.stderr, /"wbe", did you mean web\?/)
    assert.deepEqual(await running(tree), ['web:0'])
  })

  await t.test('scale takes a number, and more or fewer than there are', async () => {
    assert.deepEqual(await tree.cli('scale', 'web', '3'), {
      code: 0,
      signal: null,
      stdout: 'web: 1 → 3 workers\n',
      stderr: '',
    })
    await tree.waitForEvent('worker.ready', { name: 'web:1' })
    await tree.waitForEvent('worker.ready', { name: 'web:2' })
    assert.deepEqual(await running(tree), ['web:0', 'web:1', 'web:2'])

    assert.equal((await tree.cli('scale', 'web', '-2')).stdout, 'web: 3 → 1 workers\n')
    await tree.waitForEvent('worker.stopped', { name: 'web:1' })
    await tree.waitForEvent('worker.stopped', { name: 'web:2' })
    assert.deepEqual(await running(tree), ['web:0'])
    assert.equal((await tree.cli('scale', 'web', '+1')).stdout, 'web: 1 → 2 workers\n')
  })
})

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { startTree, type Tree } from './support/tree.ts'

const files = { 'app.mjs': `export default { fetch: () => new Response('hello') }` }
const web = { app: './app.mjs', listen: '127.0.0.1:0', workers: 1 }
const config = { name: 'shop', apps: { web } }

function change(tree: Tree, changed: object): void {
  writeFileSync(join(tree.dir, 'saola.config.json'), JSON.stringify({ ...config, ...changed }))
}

// Of one tree are all cases, one after the other.
test('saola reload', async t => {
  const tree = await startTree(t, { files, config })
  for (const [name, check] of Object.entries(cases)) {
    change(tree, {})
    await t.test(name, () => check(tree))
  }
})

const cases: Readonly<Record<string, (tree: Tree) => Promise<void>>> = {
  'a dry run prints the differences, and changes nothing': async tree => {
    const same = await tree.cli('reload', '--dry-run')
    assert.equal(same.stdout, 'The configuration has not changed. A reload would replace every worker.\n')
    change(tree, { apps: { web: { ...web, timeout: '5s', backlog: 128 } } })
    const { code, stdout } = await tree.cli('reload', '--dry-run')
    assert.equal(code, 0)
    assert.equal(stdout, 'apps.web.backlog: 2048 -> 128 (restart)\napps.web.timeout: 30s -> 5s (live)\n')
    const { changes } = JSON.parse((await tree.cli('reload', '--dry-run', '--json')).stdout)
    assert.deepEqual(changes[1], { path: 'apps.web.timeout', from: '30s', to: '5s', effect: 'live', app: 'web' })
    assert.equal((await tree.status()).generation, 1)
  },

  'what only a new start can change fails a dry run and a reload alike': async tree => {
    change(tree, { name: 'other' })
    for (const args of [['--dry-run'], [], ['--wait']]) {
      const { code, stderr } = await tree.cli('reload', ...args)
      assert.equal(code, 1, String(args))
      assert.match(stderr, /^saola: .*top the tree and start it again\. {3}\[ERR_CONTROL_REFUSED\]\n/)
      assert.match(stderr, /\bname\b/)
    }
    assert.equal((await tree.status()).generation, 1)
  },

  'a reload returns when the configuration was checked, and with --wait when it is done': async tree => {
    const begun = await tree.cli('reload')
    assert.deepEqual([begun.code, begun.stderr], [0, ''])
    assert.match(begun.stdout, /^The configuration is right; the workers are being replaced\./)
    await tree.waitForEvent('reload.done', { generation: 2 })
    change(tree, { apps: { web: { ...web, timeout: '5s' } } })
    const done = await tree.cli('reload', '--wait')
    assert.match(
      done.stdout,
      /^apps\.web\.timeout: 30s -> 5s \(live\)\nGeneration 3: 1 worker replaced in \d+\.\ds\.\n$/,
    )
    const { outcome } = JSON.parse((await tree.cli('reload', '--wait', '--json')).stdout)
    assert.deepEqual([outcome.ok, outcome.generation], [true, 4])

    change(tree, { apps: { web: { ...web, tiemout: '5s' } } })
    const wrong = await tree.cli('reload')
    assert.equal(wrong.code, 1)
    assert.match(
      wrong.stderr,
      /\[ERR_CONFIG_INVALID\]\n {2}apps\.web\.tiemout is unknown, did you mean apps\.web\.timeout\?\n$/,
    )
    assert.equal((await tree.status()).generation, 4)
  },
}

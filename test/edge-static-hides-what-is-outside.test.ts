/** Traversal out of a folder: no spelling of a path, and no link, leads to what is not served. */
import assert from 'node:assert/strict'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { forEachCase, protocolsOf } from './support/every-protocol.ts'
import { staticEscapes } from './support/static-escapes.ts'
import { startTree } from './support/tree.ts'

const secret = 'nobody may read this'

test('no path leads out of a mount, to hidden names or into an internal one, over every protocol', async t => {
  const tree = await startTree(t, {
    files: { 'app.mjs': 'export default (req, res) => res.end("the application")', 'public/a.txt': 'public' },
    config: `
    const web = { app: './app.mjs', listen: '127.0.0.1:0', workers: 1, edge: { http2: { glitchBurst: 1000 }, static: {
      '/static': import.meta.dirname + '/public',
      '/secret': { dir: import.meta.dirname + '/priv', internal: true },
    } } }
    export default { apps: { plain: web, secure: { ...web, tls: 'self-signed' } } }`,
  })
  fill(tree.dir)
  const protocols = await protocolsOf(t, tree)
  await forEachCase(protocols, staticEscapes, async ({ name, ask }, target) => {
    // The second time it is answered from memory.
    for (const { status, body } of [await ask({ target }), await ask({ target })]) {
      assert.ok(!body.includes(secret), `${name}: ${target}`)
      assert.ok(status === 'reset' || status < 500, `${name}: ${status} for ${target}`)
    }
  })
  for (const { name, ask } of protocols) {
    assert.equal((await ask({ target: '/static/a.txt' })).body, 'public', name)
    assert.equal((await ask({ target: '/static/link-inside' })).body, 'public', name)
    assert.equal((await ask({ target: '/static/.well-known/security.txt' })).body, 'contact', name)
  }
})

function fill(dir: string): void {
  const folder = join(dir, 'public')
  for (const name of ['priv', 'publicX', 'public/.git', 'public/.well-known', 'public/a']) mkdirSync(join(dir, name))
  const secrets = ['priv/x', 'publicX/x', 'public/.env', 'public/.git/config', 'public/.well-known/.env']
  for (const name of secrets) writeFileSync(join(dir, name), secret)
  writeFileSync(join(folder, '.well-known/security.txt'), 'contact')
  symlinkSync(join(dir, 'priv/x'), join(folder, 'link-out'))
  symlinkSync('../../priv/x', join(folder, 'a/link-out'))
  symlinkSync('../priv', join(folder, 'folder-out'))
  symlinkSync('link-out', join(folder, 'chain-out'))
  symlinkSync('/dev/zero', join(folder, 'dev-zero'))
  symlinkSync('a.txt', join(folder, 'link-inside'))
}

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { call } from '../src/control/client.ts'
import { keepAliveClient, newConnectionClient } from './support/clients.ts'
import { request } from './support/http-connection.ts'
import { startTree, type Tree } from './support/tree.ts'

const workers = 2

/** New code that never becomes ready, and what the operator is told about it. */
const badCode: Record<string, { readonly text: string; readonly says: RegExp }> = {
  'throws while it is loaded': { text: `throw new Error('no such table')`, says: /could not boot: no such table/ },
  'throws a little later': {
    text: `setTimeout(() => { throw new Error('late') }); await new Promise(() => {})`,
    says: /could not boot: late/,
  },
  'has a syntax error': { text: 'export default {{', says: /could not boot: / },
  'imports what does not exist': { text: `import 'no-such-package'`, says: /could not boot: Cannot find package/ },
  'exports what cannot answer': { text: 'export default 42', says: /could not boot: .*got number/ },
  'is told by its database that it cannot': {
    text: `import { ready } from 'saola/app'
      ready(Promise.reject(new Error('no database')))
      export default { fetch: () => new Response('never') }`,
    says: /could not boot: no database/,
  },
  'leaves with an exit code': { text: 'process.exit(3)', says: /exited with code 3 before it was ready/ },
  'leaves as if all was well': { text: 'process.exit(0)', says: /exited with code 0 before it was ready/ },
  'is killed': { text: `process.kill(process.pid, 'SIGKILL')`, says: /killed by SIGKILL before it was ready/ },
  'never comes back': { text: 'function spin() { for (;;) {} }\nspin()', says: /was not ready after 1\.\ds in spin \(app\.ts:1\)/ },
  'waits for ever': { text: 'await new Promise(() => {})', says: /was not ready after 1\.\ds/ },
  'never listens': { text: 'setInterval(() => {}, 1000)', says: /was not ready after 1\.\ds/ },
}

test('new code that does not become ready leaves the old workers serving', async t => {
  const tree = await startSite(t)
  const clients = startClients(t, tree)
  const generation = (await tree.status()).generation
  for (const [what, { text, says }] of Object.entries(badCode)) {
    await t.test(`code that ${what}`, async () => {
      await clients.answered(5)
      writeFileSync(join(tree.dir, 'app.ts'), text)
      const { outcome } = await call(tree.controlSocket, 'reload', {})
      assert.equal(outcome?.ok, false)
      assert.match(outcome.message, says)
      assert.match(outcome.message, /the old workers keep serving and the reload stops\./)
      await clients.answered(5)
      assert.deepEqual(await generationsOf(tree), [generation, generation])
    })
  }
  assert.equal(String((await request(tree.url)).body), 'version 1')
  await reloadTo(tree, 2)
  await clients.stop()
})

/** The application of this version. Its worker of that number does not become ready. */
function code(version: number, failing = -1): string {
  return `import { worker } from 'saola/app'
    if (worker.id === ${failing}) throw new Error('the disk is full')
    export default { fetch: () => new Response('version ${version}') }`
}

test('a reload of which the second worker fails stops there, and all serve on', async t => {
  const tree = await startSite(t)
  const clients = startClients(t, tree)
  await clients.answered(5)
  writeFileSync(join(tree.dir, 'app.ts'), code(2, 1))
  const { outcome } = await call(tree.controlSocket, 'reload', {})
  assert.equal(outcome?.ok, false)
  assert.match(outcome.message, /could not boot: the disk is full/)
  await clients.answered(5)
  assert.deepEqual(await generationsOf(tree), [2, 1])
  await reloadTo(tree, 3)
  assert.deepEqual(await generationsOf(tree), [3, 3])
  await clients.stop()
})

test('a reload by signal keeps the old workers, too, and says why in the log', async t => {
  const tree = await startSite(t)
  const clients = startClients(t, tree)
  await clients.answered(5)
  writeFileSync(join(tree.dir, 'app.ts'), badCode['throws while it is loaded']?.text ?? '')
  tree.signal('SIGHUP')
  await tree.waitForEvent('worker.boot-failed', { error: 'no such table', stack: /app\.ts:1/ })
  await tree.waitForEvent('reload.failed', { error: /no such table/ })
  await clients.answered(5)
  await clients.stop()
})

function startSite(t: TestContext): Promise<Tree> {
  const web = { app: './app.ts', listen: '127.0.0.1:0', workers, bootTimeout: '1s', accessLog: false }
  return startTree(t, { files: { 'app.ts': code(1) }, config: { apps: { web } } })
}

/** The workers that serve, in the order of their places. */
async function generationsOf(tree: Tree): Promise<number[]> {
  const { children } = await tree.status()
  return children.filter(child => child.state === 'RUNNING').map(child => child.generation)
}

async function reloadTo(tree: Tree, version: number): Promise<void> {
  writeFileSync(join(tree.dir, 'app.ts'), code(version))
  const { outcome } = await call(tree.controlSocket, 'reload', {})
  assert.equal(outcome?.ok, true, outcome?.message)
  assert.equal(String((await request(tree.url)).body), `version ${version}`)
}

function startClients(t: TestContext, tree: Tree) {
  const clients = [keepAliveClient, newConnectionClient].map(make => make(t, tree.url, { pauseMs: 5 }).start())
  return {
    answered: (count: number) => Promise.all(clients.map(client => client.answered(count))),
    async stop(): Promise<void> {
      for (const client of clients) {
        const { failed, errors } = await client.stop()
        assert.equal(failed, 0, errors.join('\n'))
      }
    },
  }
}

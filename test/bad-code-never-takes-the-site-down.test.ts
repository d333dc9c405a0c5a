import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { ReloadOutcome } from '../src/control/operations.ts'
import { keepAliveClient } from './support/clients.ts'
import { request } from './support/http-connection.ts'
import { type Lane, LoadClient } from './support/load-client.ts'
import { startTree, type Tree } from './support/tree.ts'

const workers = 2
// Most of the time the bad code is waited for: a hundred requests in each second of it are enough.
const pauseMs = 60

interface BadCode {
  readonly text: string
  /** What the operator is told about it. */
  readonly says: RegExp
  readonly bootTimeout?: string
}

// Long enough that a loaded machine comes as far as the application.
const bootTimeout = '2s'

// It stands still in short pieces: as hard to interrupt as one that computes, and it leaves the machine to the others.
const loop = `function spin() { for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10) }; spin()`

/** New code that never becomes ready. */
const badCode: Record<string, BadCode> = {
  'throws while it is loaded': { text: `throw new Error('no such table')`, says: /could not boot: no such table/ },
  'throws a little later': {
    text: `setTimeout(() => { throw new Error('late') }); await new Promise(() => {})`,
    says: /could not boot: late/,
  },
  'has a syntax error': { text: 'export default {{', says: /could not boot: / },
  'imports what does not exist': { text: `import 'no-such-package'`, says: /could not boot: Cannot find package/ },
  'exports what cannot answer': { text: 'export default 42', says: /could not boot: .*got number/ },
  'learns from its database that it cannot': {
    text: `import { ready } from 'saola/app'
      ready(Promise.reject(new Error('no database')))
      ${code(2)}`,
    says: /could not boot: no database/,
  },
  'leaves with an exit code': { text: 'process.exit(3)', says: /exited with code 3 before it was ready/ },
  'leaves as if all was well': { text: 'process.exit(0)', says: /exited with code 0 before it was ready/ },
  'is killed': { text: `process.kill(process.pid, 'SIGKILL')`, says: /killed by SIGKILL before it was ready/ },
  'waits for what never comes': {
    text: 'await new Promise(() => {})',
    says: /could not boot: .*never finishes loading/,
  },
  'never listens': { text: 'setInterval(() => {}, 1000)', says: /was not ready after \d+\.\ds/, bootTimeout },
  'is ready too late': {
    text: `await new Promise(resolve => setTimeout(resolve, 3_000))\n${code(2)}`,
    says: /was not ready after \d+\.\ds/,
    bootTimeout,
  },
}

test('new code that does not become ready leaves the old workers serving', async t => {
  const tree = await startTree(t, { files: { 'app.mjs': code(1) }, config: siteConfig() })
  const clients = startClients(t, tree)
  for (const [what, bad] of Object.entries(badCode)) {
    await t.test(`code that ${what}`, async () => {
      await clients.answered(5)
      const { ok, message } = await reload(tree, bad.text, bad.bootTimeout)
      assert.equal(ok, false)
      assert.match(message, bad.says)
      assert.match(message, /the old workers keep serving and the reload stops\./)
      await clients.answered(5)
      assert.deepEqual(await generationsOf(tree), [1, 1])
    })
  }

  await t.test('code that loops is named with the place', async () => {
    // A stack is waited for for three seconds, in which a worker on a busy machine may have no turn: the best of three.
    const messages: string[] = []
    while (messages.length < 3 && !/ in spin \(app\.mjs:1\)/.test(messages.at(-1) ?? ''))
      messages.push((await reload(tree, loop, bootTimeout)).message)
    assert.match(messages.at(-1) ?? '', /was not ready after \d+\.\ds in spin \(app\.mjs:1\)/)
    assert.deepEqual(await generationsOf(tree), [1, 1])
  })

  await t.test('and says why to whoever waits for it, or in the log', async () => {
    writeFileSync(join(tree.dir, 'app.mjs'), `throw new Error('no such column')`)
    const { code: exitCode, stderr } = await tree.cli('reload', '--wait')
    assert.equal(exitCode, 1)
    assert.match(stderr, /could not boot: no such column.*the old workers keep serving and the reload stops\./)
    const since = tree.lines.length
    tree.signal('SIGHUP')
    await tree.waitForEvent('worker.boot-failed', { error: 'no such column', stack: /app\.mjs:1/ }, { since })
    await tree.waitForEvent('reload.failed', { error: /no such column/ }, { since })
    await clients.answered(5)
  })

  await t.test('a reload of which the second worker fails stops there, and all serve on', async () => {
    clients.expect(1, 2)
    const failed = await reload(tree, code(2, { failsIn: 1 }))
    assert.equal(failed.ok, false)
    assert.match(failed.message, /could not boot: the disk is full/)
    await clients.answered(5)
    assert.deepEqual(await generationsOf(tree), [failed.generation, 1])
  })

  await t.test('and good code is taken by both', async () => {
    clients.expect(1, 2, 3)
    const { ok, generation } = await reload(tree, code(3))
    assert.equal(ok, true)
    clients.expect(3)
    assert.deepEqual(await generationsOf(tree), [generation, generation])
    await clients.answered(5)
  })
  await clients.stop()
})

/** The application of this version, with one worker that does not become ready if wanted. */
function code(version: number, { failsIn = -1 } = {}): string {
  return `import { worker } from 'saola/app'
    if (worker.id === ${failsIn}) throw new Error('the disk is full')
    export default { fetch: () => new Response('version ${version}') }`
}

function siteConfig(bootTimeout = '60s'): object {
  return { apps: { web: { app: './app.mjs', listen: '127.0.0.1:0', workers, bootTimeout, accessLog: false } } }
}

/** As "saola reload --wait" does, without a process for each. */
async function reload(tree: Tree, text: string, bootTimeout?: string): Promise<ReloadOutcome> {
  writeFileSync(join(tree.dir, 'app.mjs'), text)
  writeFileSync(join(tree.dir, 'saola.config.json'), JSON.stringify(siteConfig(bootTimeout)))
  const { outcome } = await tree.control('reload', { wait: true })
  return outcome ?? assert.fail('The reload has no outcome.')
}

/** Of the workers that serve, in the order of their places. */
async function generationsOf(tree: Tree): Promise<number[]> {
  const { children } = await tree.status()
  return children.filter(child => child.state === 'RUNNING').map(child => child.generation)
}

/** Clients that must lose nothing, and see no other version than the expected ones. */
function startClients(t: TestContext, tree: Tree) {
  let expected = ['version 1']
  const visitor: Lane = {
    async exchange(tally) {
      const before = expected
      const body = String((await request(tree.url)).body)
      if (!before.includes(body) && !expected.includes(body)) throw new Error(`answered ${body}, expected ${expected}`)
      tally.succeed()
    },
    close() {},
  }
  const clients = [
    new LoadClient(t, () => visitor, { lanes: 4, pauseMs }).start(),
    keepAliveClient(t, tree.url, { pauseMs }).start(),
  ]
  return {
    expect(...versions: readonly number[]): void {
      expected = versions.map(version => `version ${version}`)
    },
    answered: (count: number) => Promise.all(clients.map(client => client.answered(count))),
    async stop(): Promise<void> {
      for (const client of clients) {
        const { failed, errors } = await client.stop()
        assert.equal(failed, 0, errors.join('\n'))
      }
    },
  }
}

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import type { TestContext } from 'node:test'
import { request } from './support/http-connection.ts'
import { testAsRoot } from './support/nobody.ts'
import { startTree, type Tree } from './support/tree.ts'
import { signalProcess, zombiesOf } from './support/tree-processes.ts'
import { until } from './support/until.ts'

const app = `
import { createServer } from 'node:http'
createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://localhost')
  console.log('asked for ' + pathname)
  if (pathname === '/crash') process.kill(process.pid, 'SIGKILL')
  setTimeout(() => response.end(String(process.pid)), Number(searchParams.get('ms') ?? 0))
}).listen(3000)
`
const options = {
  files: { 'app.mjs': app },
  config: { name: 'shop', apps: { web: { app: './app.mjs', listen: '127.0.0.1:0', workers: 2, accessLog: false } } },
}
// A container without an init: the supervisor is the first process of its own world, for which no signal has a default.
const asContainer = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child', '--']
const canContain = [...asContainer, 'true']

testAsRoot('as PID 1 of a container it is what it is anywhere', reloadReplaceAndEnd, canContain)

async function reloadReplaceAndEnd(t: TestContext): Promise<void> {
  const tree = await startTree(t, { ...options, wrapper: asContainer })
  const supervisor = supervisorOf(tree)

  await t.test('it reloads, replaces who dies, and leaves no zombie of its own', async () => {
    assert.equal(tree.events('tree.starting')[0]?.pid, 1)
    assert.match(String(tree.events('supervisor.pid1')[0]?.advice), /--init/)
    const done = tree.waitForEvent('reload.done')
    signalProcess(supervisor, 'SIGHUP')
    await done
    const since = tree.lines.length
    await request(tree.url, { path: '/crash' }).catch(() => {})
    const { name } = await tree.waitForEvent('worker.exited', { signal: 'SIGKILL' })
    await tree.waitForEvent('worker.ready', { name, generation: 2 }, { since })
    assert.equal((await request(tree.url)).status, 200)
    await until('no child of it is a zombie', () => zombiesOf(supervisor).length === 0)
  })

  await t.test('it ends on SIGTERM gracefully, with 0', () => endsOn('SIGTERM', tree))
}

const onInt = async (t: TestContext) => endsOn('SIGINT', await startTree(t, { ...options, wrapper: asContainer }))
testAsRoot('as PID 1 of a container it ends on SIGINT gracefully, with 0', onInt, canContain)

async function endsOn(signal: NodeJS.Signals, tree: Tree): Promise<void> {
  const slow = request(tree.url, { path: '/slow?ms=300' })
  await tree.waitForLine(/asked for \/slow/)
  signalProcess(supervisorOf(tree), signal)
  assert.equal((await slow).status, 200)
  assert.deepEqual(await tree.exit, { code: 0, signal: null })
  assert.deepEqual(tree.processIds(), [])
}

/** Its number outside of the container. */
function supervisorOf({ pid }: Tree): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim())
}

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { freePort } from './support/free-port.ts'
import { request } from './support/http-connection.ts'
import { connectResp } from './support/resp-client.ts'
import { startTree, type Tree } from './support/tree.ts'
import { signalProcess } from './support/tree-processes.ts'
import { until } from './support/until.ts'

const password = 'the secret of this test'
const app = `
import { store } from 'saola/store'
const said = Object.entries(process.env).filter(([, value]) => value.includes('the secret')).map(([name]) => name)
export default {
  async fetch(request) {
    const path = new URL(request.url).pathname
    return Response.json(path === '/said' ? said : await store.map('users').get('ann') ?? null)
  },
}`
const web = { app: './app.mjs', listen: 'unix:./web.sock', workers: 1 }

async function ask(tree: Tree, path: string): Promise<unknown> {
  return JSON.parse(String((await request(`unix:${tree.dir}/web.sock`, { path })).body))
}

test('store.listen opens the door of store:0, again after it was killed, and tells nobody the password', async t => {
  const port = await freePort()
  const config = { name: 'shop', apps: { web }, store: { listen: `127.0.0.1:${port}`, password } }
  const tree = await startTree(t, { files: { 'app.mjs': app }, config })
  // The sockets of a killed process do not end at one moment: who is accepted may be refused a moment later.
  const open = () =>
    until('the door is open', async () => {
      try {
        const client = await connectResp(t, { port, host: '127.0.0.1' })
        assert.equal(await client.ask('AUTH', password), 'OK')
        return client
      } catch {
        return undefined
      }
    })
  const client = await open()
  await client.ask('HSET', 'users', 'ann', '{"age":41}')
  assert.deepEqual(await ask(tree, '/'), { age: 41 })
  const { children } = await tree.status()
  signalProcess(children.find(({ name }) => name === 'store:0')?.pid ?? 0, 'SIGKILL')
  await client.rest()
  const again = await open()
  assert.equal(await again.ask('HGET', 'users', 'ann'), '{"age":41}')
  // The workers have no use for it.
  assert.deepEqual(await ask(tree, '/said'), [])
  for (const args of [
    ['config', '--json'],
    ['config', '--running'],
  ]) {
    const { stdout } = await tree.cli(...args)
    assert.match(stdout, /password.*\(secret\)/)
    assert.doesNotMatch(stdout, /the secret of/)
  }
  assert.ok(!tree.lines.some(line => line.includes(password)))
  again.send(['INCR', 'n'])
  assert.equal(await again.next(), 1)
  assert.equal((await tree.stop()).code, 0)
  assert.deepEqual(await again.rest(), [])
})

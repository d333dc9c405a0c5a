import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { assertNothingLost, quickKinds, startEveryClient, startServing } from './support/every-client.ts'
import { formatRequest } from './support/http-connection.ts'

const balances: Record<string, object> = {
  shared: { balance: 'shared' },
  // The supervisor accepts, and hands on what it cannot read.
  'sticky by address': { balance: 'sticky', sticky: { by: 'ip' } },
}

for (const [name, balance] of Object.entries(balances)) {
  test(`reloads drop no request over TLS, with the balance ${name}`, async t => {
    const reloads = 2
    const tree = await startServing(t, { tls: 'self-signed', ...balance })
    const clients = startEveryClient(t, tree, quickKinds)
    await clients.answered(10)
    for (let round = 0; round < reloads; round++) {
      await tree.reload()
      await clients.answered(5)
    }
    const stopping = tree.events('worker.stopping')
    assert.equal(stopping.length, reloads * 2)
    for (const { pid } of stopping) await tree.waitForEvent('worker.stopped', { pid, code: 0 })
    assertNothingLost(await clients.stop(), 10 + reloads * 5)
  })
}

test('a client whose idle connection a drain ends is told so by TLS', async t => {
  const tree = await startServing(t, { tls: 'self-signed', graceful: { idle: '200ms' }, workers: 1 })
  // OpenSSL complains where the connection ends before the session has: that may have been an attack.
  const client = spawn('openssl', ['s_client', '-quiet', '-connect', new URL(tree.url).host])
  t.after(() => client.kill('SIGKILL'))
  let complaints = ''
  client.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints += text
  })
  const closed = once(client, 'close')
  client.stdin.on('error', () => {})
  client.stdin.write(formatRequest({ path: '/' }))
  await once(client.stdout, 'data')
  await tree.reload()
  await closed
  assert.doesNotMatch(complaints, /unexpected eof/)
})

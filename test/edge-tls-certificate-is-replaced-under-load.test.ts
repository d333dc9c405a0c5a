import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import tls from 'node:tls'
import { keepAliveClient, newConnectionClient, slowClient, uploadClient } from './support/clients.ts'
import { makePair, writePair } from './support/pairs.ts'
import { startTree, type Tree } from './support/tree.ts'

const app = `
export default (req, res) => {
  if (req.url.startsWith('/slow')) return void setTimeout(() => res.end('slow'), 700)
  let size = 0
  req.on('data', chunk => { size += chunk.length })
  req.on('end', () => res.end(req.method === 'POST' ? String(size) : String(process.pid)))
}
`

const lookMsMax = 100

const balances = { shared: { balance: 'shared' }, 'round-robin': { balance: 'round-robin' } }

for (const [name, balance] of Object.entries(balances)) {
  test(`a certificate that is replaced is served within 2 s without a failed request, a broken one never, ${name}`, async t => {
    const [first, second, third] = [makePair(['one']), makePair(['two']), makePair(['three'])]
    const config = {
      apps: {
        web: {
          app: './app.mjs',
          listen: '127.0.0.1:0',
          workers: 2,
          accessLog: false,
          ...balance,
          tls: { cert: 'web.cert.pem', key: 'web.key.pem' },
        },
      },
    }
    const files = { 'app.mjs': app, 'web.cert.pem': first.cert, 'web.key.pem': first.key }
    const tree = await startTree(t, { files, config })
    const { url } = tree
    const clients = [
      newConnectionClient(t, url, { pauseMs: 50 }).start(),
      keepAliveClient(t, url, { pauseMs: 25 }).start(),
      slowClient(t, url).start(),
      uploadClient(t, url, { lanes: 1 }).start(),
    ]
    for (const client of clients) await client.answered(2)
    assert.deepEqual(await servedBy(tree, 6), new Set([fingerprintOf(first)]))

    writePair(tree.dir, 'web', second)
    // A look in which one of the processes stood still counts no more than one in which all were at work.
    let passedMs = 0
    for (let isServed = false; !isServed; ) {
      const startedAt = performance.now()
      const [served] = await Promise.all([servedBy(tree, 6), tree.status()])
      isServed = [...served].every(each => each === fingerprintOf(second))
      passedMs += Math.min(performance.now() - startedAt, lookMsMax)
      assert.ok(isServed || passedMs < 2_000, 'the old certificate is still served after 2 s')
    }

    const since = tree.lines.length
    writeFileSync(join(tree.dir, 'web.cert.pem'), third.cert.slice(0, 200))
    await tree.waitForEvent('edge.certificate.refused', { app: 'web' }, { since })
    const refusal = await tree.cli('reload', '--wait')
    assert.notEqual(refusal.code, 0)
    assert.match(refusal.stdout + refusal.stderr, /apps\.web\.tls\.cert expected .*web\.cert\.pem.*its end is missing/)
    assert.deepEqual(await servedBy(tree, 6), new Set([fingerprintOf(second)]))

    writePair(tree.dir, 'web', third)
    await tree.reload()
    assert.deepEqual(await servedBy(tree, 6), new Set([fingerprintOf(third)]))
    for (const client of clients) await client.answered(2)
    for (const client of clients) {
      const { ok, failed, errors } = await client.stop()
      assert.equal(failed, 0, errors.join('\n'))
      assert.ok(ok > 2)
    }
  })
}

function fingerprintOf({ cert }: { cert: string }): string {
  return new X509Certificate(cert).fingerprint256
}

/** The certificates that so many new connections meet. */
async function servedBy(tree: Tree, connections: number): Promise<Set<string>> {
  const port = Number(new URL(tree.url).port)
  const served = Array.from({ length: connections }, () => {
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
      resolve(socket.getPeerX509Certificate()?.fingerprint256 ?? 'none')
      socket.end()
    })
    socket.on('error', reject)
    return promise
  })
  return new Set(await Promise.all(served))
}

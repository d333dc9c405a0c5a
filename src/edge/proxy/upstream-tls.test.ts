import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { request } from '../../../test/support/http-connection.ts'
import { startProxy } from '../../../test/support/proxy-stage.ts'

test('an upstream with TLS is checked against its own name, never against a Host of a client', async t => {
  const dir = mkdtempSync(join(tmpdir(), 'saola-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  const [key, ca] = [join(dir, 'key.pem'), join(dir, 'cert.pem')]
  const subject = ['-subj', '/CN=app.internal', '-addext', 'subjectAltName=DNS:app.internal']
  const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
  execFileSync('openssl', [...made, ...subject, '-keyout', key, '-out', ca], { stdio: 'ignore' })
  const names: unknown[] = []
  const sockets = new Set<unknown>()
  const server = createServer({ key: readFileSync(key), cert: readFileSync(ca) }, (req, res) => {
    names.push((req.socket as TLSSocket).servername)
    sockets.add(req.socket)
    res.end(req.headers.host)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  const to = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
  const { url } = await startProxy(t, {
    '/right': { to, tls: { ca, serverName: 'app.internal' } },
    '/wrong-name': { to, tls: { ca } },
    '/unknown-issuer': { to, tls: { serverName: 'app.internal' } },
    '/unchecked': { to, tls: { verify: false } },
  })
  const ask = (path: string, host: string) => request(url, { path, headers: { Host: host } })
  for (const host of ['one.example', 'two.example', 'app.internal']) {
    assert.equal(String((await ask('/right', host)).body), host)
    assert.equal((await ask('/wrong-name', host)).status, 502)
    assert.equal((await ask('/unknown-issuer', host)).status, 502)
    assert.equal((await ask('/unchecked', host)).status, 200)
  }
  assert.deepEqual(names, ['app.internal', false, 'app.internal', false, 'app.internal', false])
  // Another Host is no reason for another connection.
  assert.equal(sockets.size, 2)
})

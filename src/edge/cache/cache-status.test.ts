import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openEdgeStage } from '../../../test/support/edge-stage.ts'
import { request } from '../../../test/support/http-connection.ts'

test('a file that the application names under a rule says what the cache did, too', async t => {
  const dir = mkdtempSync(join(tmpdir(), 'saola-cache-status-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  writeFileSync(join(dir, 'file.txt'), 'file')
  const edge = { static: { '/inside': { dir, internal: true } }, cache: [{ path: '/', ttl: '60s' }] }
  const { url } = await openEdgeStage(t, edge, (_req, res) => {
    res.writeHead(200, { 'X-Accel-Redirect': '/inside/file.txt', 'Cache-Control': 'private' }).end()
  })
  for (const [headers, status] of [
    [{}, 'saola; fwd=miss; detail=internal'],
    [{ Cookie: 'a=b' }, 'saola; fwd=bypass; detail=cookie'],
  ] as const) {
    const response = await request(url, { path: '/', headers: { ...headers } })
    assert.deepEqual([String(response.body), response.headers.get('cache-status')], ['file', status])
  }
})

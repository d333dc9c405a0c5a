import assert from 'node:assert/strict'
import { test } from 'node:test'
import { request } from './support/http-connection.ts'
import { node26, repeatOnNode26, skip } from './support/on-node-26.ts'
import { startTree } from './support/tree.ts'

test('a tree serves on Node 26, supervisor and workers', { skip }, async t => {
  const app = 'export default { fetch: () => new Response(process.version) }'
  const tree = await startTree(t, { files: { 'app.ts': app }, node: node26 })
  assert.match(String((await request(tree.url)).body), /^v26\./)
  assert.match((await tree.status()).node, /^v26\./)
})

repeatOnNode26(['balance-spreads-connections', 'crash-loop-ends-in-fatal', 'restart-drops-no-request'])

/** The promises once more on the next Node: the tests of these files, with their trees on Node 26. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { request } from './support/http-connection.ts'
import { startTree } from './support/tree.ts'

/** Names of files in test/, without `.test.ts`. */
const repeated: readonly string[] = [
  'a-script-that-listens-needs-no-change',
  'an-application-knows-its-beginning-and-end',
  'an-application-that-cannot-serve-ends-the-start',
  'balance-spreads-connections',
  'crash-loop-ends-in-fatal',
  'every-kind-of-application-is-served',
  'restart-drops-no-request',
]

// `npm test` puts it there, in a folder of its own: see scripts/setup.mjs.
const node26 = join(import.meta.dirname, 'node-26', 'node_modules', '.bin', 'node')
const skip = !existsSync(node26) && `there is no Node 26 for ${process.platform} ${process.arch} here`

test('a tree serves on Node 26, supervisor and workers', { skip }, async t => {
  const app = 'export default { fetch: () => new Response(process.version) }'
  const tree = await startTree(t, { files: { 'app.ts': app }, node: node26 })
  assert.match(String((await request(tree.url)).body), /^v26\./)
  assert.match((await tree.status()).node, /^v26\./)
})

if (!skip) {
  // Read by startTree() at each start, and this file is a process of its own.
  process.env.SAOLA_TEST_NODE = node26
  for (const name of repeated) await import(`./${name}.test.ts`)
}

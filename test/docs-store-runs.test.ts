/** Each example of docs/store.md runs, by itself, on an empty store. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { waitTimeoutMs } from './support/http-connection.ts'
import { runExample, source } from './support/run-example.ts'

const root = join(import.meta.dirname, '..')

// A tree's store is one of memory here, and so is the folder that is opened.
const stand = `
import { createTestStore } from '${source('testing')}'
export { StoreError } from '${source('store/store-error')}'
export const { store } = createTestStore()
export const openStore = () => createTestStore().store
`

const examples = [...readFileSync(join(root, 'docs', 'store.md'), 'utf8').matchAll(/^```ts\n(.*?)^```$/gms)]

test('there are examples', () => assert.ok(examples.length > 15))

// Below node_modules, where their imports find the packages.
const folder = mkdtempSync(join(root, 'node_modules', '.docs-store-'))
test.after(() => rmSync(folder, { recursive: true }))

for (const [number, [, code = '']] of examples.entries()) {
  test(`example ${number + 1}: ${code.match(/\n\n(.+)/)?.[1]}`, { timeout: waitTimeoutMs }, async t => {
    t.mock.method(console, 'log', () => {})
    await runExample({ folder, number, code, stand })
  })
}

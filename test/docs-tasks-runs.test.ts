/** Each example of docs/tasks.md runs, by itself, on a store in memory. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { taskErrorCodes } from '../src/tasks/task-error.ts'
import { createTestTasks } from '../src/testing.ts'
import { waitTimeoutMs } from './support/http-connection.ts'
import { runExample, source } from './support/run-example.ts'

const root = join(import.meta.dirname, '..')
const page = readFileSync(join(root, 'docs', 'tasks.md'), 'utf8')
const examples = [...page.matchAll(/^```ts\n(.*?)^```$/gms)]

// The store of the tree is that of the test here, and so is the folder that is opened.
const stand = `
import { createTestStore } from '${source('testing')}'
export const { store } = globalThis.testTasks ?? createTestStore()
export const openStore = () => createTestStore().store
`

test('there are examples, and each error is told', () => {
  assert.ok(examples.length > 10)
  for (const [code, text] of Object.entries(taskErrorCodes))
    assert.ok(page.replace(/ {2,}/g, ' ').includes(`| \`${code}\` | ${text} |`), code)
})

// Below node_modules, where their imports find the packages.
const folder = mkdtempSync(join(root, 'node_modules', '.docs-tasks-'))
test.after(() => rmSync(folder, { recursive: true }))

for (const [number, [, code = '']] of examples.entries()) {
  test(`example ${number + 1}: ${code.match(/\n\n(.+)/)?.[1]}`, { timeout: waitTimeoutMs }, async t => {
    t.mock.method(console, 'log', () => {})
    // One of them makes its own.
    const tasks = code.includes('createTestTasks') ? undefined : createTestTasks({ mode: 'inline' })
    t.after(() => tasks?.close())
    Object.assign(globalThis, { testTasks: tasks })
    await runExample({ folder, number, code, stand })
  })
}

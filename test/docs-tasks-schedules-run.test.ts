/** Each example of docs/tasks-schedules.md runs, on a store in memory. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { createTestTasks } from '../src/testing.ts'
import { waitTimeoutMs } from './support/http-connection.ts'

const root = join(import.meta.dirname, '..')
const page = readFileSync(join(root, 'docs', 'tasks-schedules.md'), 'utf8')
const examples = [...page.matchAll(/^```ts\n(.*?)^```$/gms)]
const tasks = pathToFileURL(join(root, 'src', 'tasks.ts')).href

// Below node_modules, where their imports find the packages.
const folder = mkdtempSync(join(root, 'node_modules', '.docs-tasks-schedules-'))
test.after(() => rmSync(folder, { recursive: true }))

test('there are examples', () => assert.equal(examples.length, 3))

for (const [number, [, code = '']] of examples.entries()) {
  test(`example ${number + 1}`, { timeout: waitTimeoutMs }, async () => {
    await using space = createTestTasks()
    const example = join(folder, `example-${number}.mjs`)
    writeFileSync(example, stripTypeScriptTypes(code.replaceAll("'saola/tasks'", `'${tasks}'`)))
    await import(pathToFileURL(example).href)
    assert.deepEqual(await space.schedules.list(), [])
  })
}

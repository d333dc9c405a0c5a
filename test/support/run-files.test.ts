import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { pathToFileURL } from 'node:url'

const good = `import { test } from 'node:test'; test('good', () => {})`
const hooked = `import { beforeEach, test } from 'node:test'; beforeEach(() => { throw new Error('not yours') }); test('hooked', () => {})`
const exits = `import { test } from 'node:test'; test('exits', () => process.exit(0))`
const broken = `import './nowhere.mjs'`

test('files that run together are suites of their names, and pass when all of them do', t => {
  const { status, output } = runTogether(t, { good, 'good too': good })
  assert.equal(status, 0, output)
  assert.match(output, /▶ good\n.*✔ good .*\n.*\n▶ good too\n/)
  assert.match(output, /pass 2\n/)
})

test('a file that cannot be loaded is a test that fails, and the others run', t => {
  const { status, output } = runTogether(t, { broken, good })
  assert.equal(status, 1)
  assert.match(output, /pass 1\n.*fail 1\n/)
  assert.match(output, /✖ broken/)
  assert.match(output, /ERR_MODULE_NOT_FOUND/)
})

test('a hook holds for the tests of its file alone', t => {
  const { status, output } = runTogether(t, { hooked, good })
  assert.equal(status, 1)
  assert.match(output, /pass 1\n.*fail 1\n/)
})

test('a test that ends the process hides none of those behind it', t => {
  const { status, output } = runTogether(t, { good, exits, last: good })
  assert.equal(status, 1)
  assert.match(output, /A test has ended the process of good, exits, last before/)
})

/** As `npm test` does with what scripts/test-processes.mjs puts into one process. */
function runTogether(t: TestContext, files: Record<string, string>): { status: number | null; output: string } {
  const folder = mkdtempSync(join(tmpdir(), 'saola-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const urls = Object.entries(files).map(([name, source]) => {
    const path = join(folder, `${name}.mjs`)
    writeFileSync(path, source)
    return [name, pathToFileURL(path).href]
  })
  const code = `import { runFiles } from ${JSON.stringify(pathToFileURL(join(import.meta.dirname, 'run-files.ts')).href)}
    runFiles(${JSON.stringify(Object.fromEntries(urls))})`
  writeFileSync(join(folder, 'group.mjs'), code)
  const args = ['--test', '--test-reporter=spec', join(folder, 'group.mjs')]
  const env = { ...process.env, NODE_TEST_CONTEXT: undefined }
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { env, encoding: 'utf8' })
  return { status, output: stdout + stderr }
}

import assert from 'node:assert/strict'
import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { request } from './support/http-connection.ts'
import { spawnTree, startTree, type Tree } from './support/tree.ts'

const app = (text: string) => `import { greeting } from './lib/greeting.ts'
export default { fetch: () => new Response(greeting + ${JSON.stringify(text)}) }`
const greeting = (text: string) => `export const greeting = ${JSON.stringify(text)}`
const files = { 'app.ts': app(' one'), 'lib/greeting.ts': greeting('hello') }

async function answer(tree: Tree): Promise<string> {
  return String((await request(tree.url)).body)
}

test('a changed file is named, and the worker replaced', async t => {
  const tree = await startTree(t, { files, command: 'dev' })
  assert.equal(await answer(tree), 'hello one')
  assert.equal((await tree.status()).children.length, 1)

  writeFileSync(join(tree.dir, 'app.ts'), app(' two'))
  await tree.waitForEvent('files.changed', { files: 'app.ts' })
  await tree.waitForEvent('reload.done', { generation: 2 })
  assert.equal(await answer(tree), 'hello two')

  // As many editors save: a new file is renamed over the old one, each time.
  for (const [generation, text] of ['good morning', 'good evening'].entries()) {
    writeFileSync(join(tree.dir, 'lib', '.greeting.ts.new'), greeting(text))
    renameSync(join(tree.dir, 'lib', '.greeting.ts.new'), join(tree.dir, 'lib', 'greeting.ts'))
    await tree.waitForEvent('reload.done', { generation: 3 + generation })
    assert.equal(await answer(tree), `${text} two`)
  }
  await tree.stop()
})

test('code that is wrong is shown, and what worked serves on until it is mended', async t => {
  const tree = await startTree(t, { files, command: 'dev' })
  writeFileSync(join(tree.dir, 'lib', 'greeting.ts'), 'export const greeting = ;')
  const failed = await tree.waitForEvent('worker.boot-failed')
  assert.match(String(failed.stack), /lib\/greeting\.ts:1/)
  await tree.waitForEvent('reload.failed')
  assert.equal(await answer(tree), 'hello one')
  writeFileSync(join(tree.dir, 'lib', 'greeting.ts'), greeting('mended'))
  await tree.waitForEvent('reload.done')
  assert.equal(await answer(tree), 'mended one')
})

test('a program that cannot even start waits for the change that mends it', async t => {
  const tree = spawnTree(t, { files: { ...files, 'app.ts': `throw new Error('not yet')` }, command: 'dev' })
  await tree.waitForLine(/waiting for a changed file/)
  assert.match(String(tree.events('worker.boot-failed')[0]?.error), /not yet/)
  writeFileSync(join(tree.dir, 'app.ts'), app(' at last'))
  await tree.waitForEvent('tree.ready')
  assert.equal(await answer(tree), 'hello at last')
})

test('a configuration that is wrong is refused with its problems, and a right one counts', async t => {
  const web = { app: './app.ts', listen: '127.0.0.1:0' }
  const tree = await startTree(t, { files, command: 'dev', config: { apps: { web } } })
  const write = (section: object) =>
    writeFileSync(join(tree.dir, 'saola.config.json'), JSON.stringify({ apps: { web: section } }))
  write({ ...web, wrokers: 2 })
  await tree.waitForEvent('config.problem', { message: /wrokers is unknown, did you mean apps\.web\.workers\?/ })
  write({ ...web, env: { TEXT: 'x' } })
  await tree.waitForEvent('reload.done', { generation: 2 })
})

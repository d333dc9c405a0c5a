import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { loadTasks } from './load-tasks.ts'

const importing = `import { defineTask } from '${pathToFileURL(join(import.meta.dirname, 'define-task.ts')).href}'\n`
const task = (id?: string) => `defineTask({ ${id ? `id: '${id}', ` : ''}run: () => {} })`

function folderOf(t: TestContext, files: Record<string, string>): string {
  const dir = mkdtempSync(join(tmpdir(), 'saola-tasks-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true })
    writeFileSync(join(dir, name), importing + text)
  }
  return dir
}

test('all tasks of a folder are found, and named after their files where they have no name', async t => {
  const dir = folderOf(t, {
    'email.ts': `export const send = ${task('email.send')}\nexport const drop = ${task('email.drop')}`,
    'db/migrate.mjs': `export default ${task()}`,
    'db/two.mts': `export const one = ${task()}\nexport const two = ${task()}`,
    'again.js': `export { send } from './email.ts'\nexport const limit = 7`,
    'email.test.ts': `throw new Error('a test')`,
    '_shared/part.ts': `throw new Error('no task')`,
    'types.d.ts': `throw new Error('types')`,
    'notes.md': '',
  })
  const { tasks, others, warnings } = await loadTasks(dir)
  assert.deepEqual([...tasks.keys()], ['email.send', 'db:migrate', 'db:two:one', 'db:two:two', 'email.drop'])
  assert.equal(tasks.get('db:migrate')?.id, 'db:migrate')
  assert.deepEqual([others, warnings], [[7], []])
})

test('a file without a task is worth a warning, two tasks of one id are an error', async t => {
  const { warnings } = await loadTasks(folderOf(t, { 'helper.ts': 'export const x = 1' }))
  assert.deepEqual(warnings.length, 1)
  assert.match(String(warnings[0]), /^"helper\.ts" exports no task/)
  const dir = folderOf(t, { 'a.ts': `export const a = ${task('same')}`, 'b.ts': `export const b = ${task('same')}` })
  await assert.rejects(loadTasks(dir), { code: 'TASK_DUPLICATE', message: /"same".*"a\.ts" and "b\.ts"/ })
})

test('a module that throws, and a folder that is not there, are named', async t => {
  const dir = folderOf(t, { 'sub/broken.ts': `throw new Error('no database')` })
  const message = /"sub\/broken\.ts" cannot be imported: no database/
  await assert.rejects(loadTasks(dir), { code: 'TASK_MODULE_FAILED', message })
  await assert.rejects(loadTasks(join(dir, 'nowhere')), { code: 'TASK_MODULE_FAILED', message: /nowhere/ })
})

test('a folder without modules is no mistake, but told', async t => {
  const dir = mkdtempSync(join(tmpdir(), 'saola-'))
  t.after(() => rmSync(dir, { recursive: true }))
  const { tasks, warnings } = await loadTasks(dir)
  assert.equal(tasks.size, 0)
  assert.match(warnings.join(), /has no module of tasks/)
})

test('a task that only its schedule knows is run, too, and has an id of its own', async t => {
  const scheduling = `import { schedule } from '${pathToFileURL(join(import.meta.dirname, 'schedule/declared-schedule.ts')).href}'\n`
  const hidden = `const hidden = ${task('hid')}\n`
  const file = `${scheduling}${hidden}export const s = schedule('hid', { every: '1s' }, hidden)`
  const { tasks, others } = await loadTasks(folderOf(t, { 'a.ts': file, 'b.ts': `export const own = ${task()}` }))
  assert.deepEqual([[...tasks.keys()], others.length], [['b', 'hid'], 1])
  // Exported by a later file, it is known once.
  const shared = { '_shared.ts': `export const one = ${task('one')}` }
  const use = `${scheduling}import { one } from './_shared.ts'\nexport const s = schedule('s', { every: '1s' }, one)`
  const both = { ...shared, 'a.ts': use, 'b.ts': `export { one } from './_shared.ts'` }
  assert.deepEqual([...(await loadTasks(folderOf(t, both))).tasks.keys()], ['one'])
  const clash = { 'a.ts': file, 'b.ts': `export const other = ${task('hid')}` }
  await assert.rejects(loadTasks(folderOf(t, clash)), { code: 'TASK_DUPLICATE' })
})

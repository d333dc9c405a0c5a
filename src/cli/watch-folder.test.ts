import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { FolderWatch, isOfProgram } from './watch-folder.ts'

interface Watched {
  write(path: string, text?: string): void
  /** The next changes, as they were told together. */
  next(): Promise<readonly string[]>
  readonly folder: string
}

function watched(t: TestContext, files: readonly string[]): Watched {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'saola-watch-')))
  const write = (path: string, text = 'x') => {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  for (const file of files) write(file)
  const told: (readonly string[])[] = []
  let wake = () => {}
  const onTrouble = (where: string, error: Error) => assert.fail(`${where}: ${error}`)
  const onChange = (paths: readonly string[]) => {
    told.push(paths)
    wake()
  }
  const watch = new FolderWatch({ folder, quietMs: 20, onChange, onTrouble })
  t.after(() => {
    watch.close()
    rmSync(folder, { recursive: true, force: true })
  })
  const next = async () => {
    while (told.length === 0) await new Promise<void>(resolve => (wake = resolve))
    return told.shift() ?? []
  }
  return { folder, write, next }
}

test('a changed file is told once, whatever the number of writes', async t => {
  const { write, next } = watched(t, ['src/app.ts', 'src/deep/er/view.html'])
  write('src/app.ts', '1')
  write('src/app.ts', '2')
  assert.deepEqual(await next(), ['src/app.ts'])
  write('src/deep/er/view.html', '1')
  assert.deepEqual(await next(), ['src/deep/er/view.html'])
})

test('a file that is saved by renaming a new one over it is seen every time', async t => {
  const { folder, write, next } = watched(t, ['app.ts'])
  for (const round of ['1', '2', '3']) {
    write('.app.ts.swp', round)
    renameSync(join(folder, '.app.ts.swp'), join(folder, 'app.ts'))
    assert.deepEqual(await next(), ['app.ts'])
  }
})

test('a new folder is watched, with what was written into it at once', async t => {
  const { write, next } = watched(t, ['app.ts'])
  write('src/routes/new.ts')
  assert.deepEqual(await next(), ['src/routes/new.ts'])
  write('src/routes/other.ts')
  assert.deepEqual(await next(), ['src/routes/other.ts'])
})

test('a folder that is removed and made again is watched again', async t => {
  const { folder, write, next } = watched(t, ['src/app.ts'])
  rmSync(join(folder, 'src'), { recursive: true })
  assert.deepEqual(await next(), ['src/app.ts'])
  write('src/app.ts')
  assert.deepEqual(await next(), ['src/app.ts'])
  write('src/app.ts', 'again')
  assert.deepEqual(await next(), ['src/app.ts'])
})

test('packages, hidden folders, built files and what the application writes are no change of the program', async t => {
  const { write, next } = watched(t, ['app.ts', 'node_modules/x/index.js', '.saola/web/state.json', 'dist/app.js'])
  for (const path of ['node_modules/x/index.js', '.saola/web/state.json', 'dist/app.js', 'logs/web.log', 'data.db']) {
    write(path, 'changed')
  }
  write('app.ts', 'changed')
  assert.deepEqual(await next(), ['app.ts'])
})

test('sources, templates and configuration belong to the program', () => {
  const own = ['a.ts', 'a.mjs', 'a.tsx', 'package.json', 'a.yaml', 'a.html', '.env', '.env.local', 'a.d.ts']
  assert.deepEqual(own.filter(isOfProgram), own)
  const foreign = ['a.log', 'a.sqlite', 'a.db-wal', '.app.ts.swp', '4913', 'app.ts~', 'a.pid', 'a.sock', 'Makefile']
  assert.deepEqual(foreign.filter(isOfProgram), [])
})

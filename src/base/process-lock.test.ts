import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, sep } from 'node:path'
import { type TestContext, test } from 'node:test'
import { lockPath } from './process-lock.ts'

function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'saola-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return folder
}

test('one holds the lock on a path until it is released, however the path is written', async t => {
  const folder = folderFor(t)
  const lock = await lockPath(join(folder, 'a.sock'))
  assert.ok(lock)
  assert.equal(await lockPath(`${folder}${sep}.${sep}a.sock`), undefined)
  const other = await lockPath(join(folder, 'b.sock'))
  assert.ok(other)
  other.release()
  lock.release()
  const next = await lockPath(join(folder, 'a.sock'))
  assert.ok(next)
  next.release()
})

test('the lock ends with its process, also when that is killed', async t => {
  const path = join(folderFor(t), 'a.sock')
  const script = `import { lockPath } from ${JSON.stringify(new URL('./process-lock.ts', import.meta.url).href)}
    console.log((await lockPath(${JSON.stringify(path)})) !== undefined)
    setInterval(() => {}, 1000)`
  const holder = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.after(() => holder.kill('SIGKILL'))
  const [said] = await once(holder.stdout, 'data')
  assert.equal(String(said), 'true\n')
  assert.equal(await lockPath(path), undefined)
  holder.kill('SIGKILL')
  await once(holder, 'exit')
  const lock = await lockPath(path)
  assert.ok(lock)
  lock.release()
})

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { writePidFile } from './pid-file.ts'

test('a pid file goes with who wrote it, and is left to somebody else', t => {
  const path = pathOf(t)
  const remove = writePidFile(path)
  assert.equal(readFileSync(path, 'utf8'), `${process.pid}\n`)
  remove()
  assert.ok(!existsSync(path))
  const removeAnother = writePidFile(path)
  writeFileSync(path, '1\n')
  removeAnother()
  assert.equal(readFileSync(path, 'utf8'), '1\n')
})

test('a pid file that a living process holds is left as it is', t => {
  const path = pathOf(t)
  const other = spawnSleep(t)
  writeFileSync(path, `${other}\n`)
  assert.throws(() => writePidFile(path), {
    code: 'ERR_ALREADY_RUNNING',
    message: `Process ${other} holds the pid file ${path}. Stop it first.`,
  })
  assert.equal(readFileSync(path, 'utf8'), `${other}\n`)
})

const stale: Readonly<Record<string, (t: TestContext) => { text: string; ageMs: number }>> = {
  'of a process that is gone': () => ({ text: '4194304\n', ageMs: 0 }),
  // In a container the numbers begin anew, and a file on a volume survives.
  'whose number a younger process has': t => ({ text: `${spawnSleep(t)}\n`, ageMs: 60_000 }),
  'with nonsense in it': () => ({ text: 'nonsense', ageMs: 0 }),
  'that is empty': () => ({ text: '', ageMs: 0 }),
}

for (const [what, make] of Object.entries(stale)) {
  test(`a pid file ${what} is replaced`, t => {
    const path = pathOf(t)
    const { text, ageMs } = make(t)
    writeFileSync(path, text)
    const writtenAt = (Date.now() - ageMs) / 1_000
    utimesSync(path, writtenAt, writtenAt)
    writePidFile(path)
    assert.equal(readFileSync(path, 'utf8'), `${process.pid}\n`)
  })
}

test('a pid file that cannot be written is named, with the reason', t => {
  const path = join(pathOf(t), 'nowhere', 'shop.pid')
  assert.throws(() => writePidFile(path), {
    code: 'ERR_CONFIG_INVALID',
    message: /^Cannot write the pid file .*nowhere\/shop\.pid \(.*ENOENT/,
  })
})

function pathOf(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'saola-pid-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  return join(dir, 'shop.pid')
}

/** A process that has nothing to do with this one. */
function spawnSleep(t: TestContext): number {
  const child = spawn('sleep', ['600'], { stdio: 'ignore' })
  t.after(() => child.kill('SIGKILL'))
  return child.pid ?? 0
}

import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rename, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { OpenFiles } from './open-files.ts'
import { type FileTrouble, RotatingFile } from './rotating-file.ts'

async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'saola-log-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

const read = (path: string) => readFile(path, 'utf8')

test('lines are appended in order, to a file whose folders are made, readable by its group at most', async t => {
  const path = join(await folderOf(t), 'a/b/web.log')
  const file = new RotatingFile(path)
  for (let i = 0; i < 1000; i++) assert.equal(file.write(`line ${i}\n`), 0)
  await file.close()
  file.write('after close\n')
  await file.close()
  assert.equal(await read(path), `${Array.from({ length: 1000 }, (_, i) => `line ${i}\n`).join('')}after close\n`)
  assert.equal((await stat(path)).mode & 0o777 & ~0o640, 0)
})

test('a file is rotated by size between two lines, and the oldest goes', async t => {
  const folder = await folderOf(t)
  const path = join(folder, 'web.log')
  const file = new RotatingFile(path, { maxBytes: 1000, backups: 3 })
  const lines = Array.from({ length: 500 }, (_, i) => `${i} ${'x'.repeat(i % 50)}\n`)
  for (let i = 0; i < lines.length; i += 7) {
    file.write(lines.slice(i, i + 7).join(''))
    if (i % 5 === 0) await file.flush(5000)
  }
  await file.close()
  assert.deepEqual(readdirSync(folder).sort(), ['web.log', 'web.log.1', 'web.log.2', 'web.log.3'])
  const parts = await Promise.all([3, 2, 1].map(n => read(`${path}.${n}`)))
  const all = [...parts, await read(path)]
  for (const part of all) assert.ok(part.length <= 1000 && part.endsWith('\n'))
  assert.ok(lines.join('').endsWith(all.join('')))
  assert.equal(file.dropped, 0)
})

test('a line larger than a whole file stays whole', async t => {
  const path = join(await folderOf(t), 'web.log')
  const file = new RotatingFile(path, { maxBytes: 10, backups: 2 })
  file.write(`small\n${'x'.repeat(50)}\nlast\n`)
  await file.close()
  assert.deepEqual(await Promise.all([`${path}.2`, `${path}.1`, path].map(read)), [
    'small\n',
    `${'x'.repeat(50)}\n`,
    'last\n',
  ])
})

test('without backups a full file starts anew; with 0 bytes it is never rotated', async t => {
  const folder = await folderOf(t)
  const once = new RotatingFile(join(folder, 'once.log'), { maxBytes: 10, backups: 0 })
  const never = new RotatingFile(join(folder, 'never.log'), { maxBytes: 0 })
  for (const file of [once, never]) {
    file.write('one two\nthree\n')
    await file.close()
  }
  assert.deepEqual(readdirSync(folder).sort(), ['never.log', 'once.log'])
  assert.equal(await read(once.path), 'three\n')
  assert.equal(await read(never.path), 'one two\nthree\n')
})

test('a file that was emptied in place is not rotated before it is full again', async t => {
  const path = join(await folderOf(t), 'web.log')
  const file = new RotatingFile(path, { maxBytes: 10, backups: 1 })
  file.write('one two\n')
  await file.flush(5000)
  await truncate(path)
  file.write('three\n')
  await file.close()
  assert.equal(await read(path), 'three\n')
  await assert.rejects(stat(`${path}.1`))
})

test('a file that was moved away is left alone after reopen', async t => {
  const path = join(await folderOf(t), 'web.log')
  const file = new RotatingFile(path)
  file.write('old\n')
  await file.flush(5000)
  await rename(path, `${path}.old`)
  file.reopen()
  file.write('new\n')
  await file.close()
  assert.deepEqual([await read(`${path}.old`), await read(path)], ['old\n', 'new\n'])
})

test('a file that was moved away is not rotated when it is full, also if nobody has said so', async t => {
  const path = join(await folderOf(t), 'web.log')
  const file = new RotatingFile(path, { maxBytes: 10, backups: 2 })
  file.write('one two\n')
  await file.flush(5000)
  await rename(path, `${path}.1`)
  file.write('three\n')
  await file.close()
  assert.deepEqual(await Promise.all([`${path}.1`, path].map(read)), ['one two\n', 'three\n'])
  await assert.rejects(stat(`${path}.2`))
})

test('what comes after a line that was torn by a kill begins on a line of its own', async t => {
  const path = join(await folderOf(t), 'web.log')
  await writeFile(path, 'whole\nto')
  const file = new RotatingFile(path)
  file.write('next\n')
  await file.close()
  file.write('last\n')
  file.reopen()
  await file.close()
  assert.equal(await read(path), 'whole\nto\nnext\nlast\n')
})

test('a rotation that fails costs no line and is reported once', async t => {
  const path = join(await folderOf(t), 'web.log')
  await mkdir(`${path}.1/in-the-way`, { recursive: true })
  const troubles: FileTrouble[] = []
  const file = new RotatingFile(path, { maxBytes: 10, backups: 1, onTrouble: trouble => troubles.push(trouble) })
  for (const line of ['one two\n', 'three\n', 'four\n', 'five\n']) {
    file.write(line)
    await file.flush(5000)
  }
  await file.close()
  assert.equal(await read(path), 'one two\nthree\nfour\nfive\n')
  assert.deepEqual(
    troubles.map(({ file, dropped }) => [file, dropped]),
    [[path, 0]],
  )
})

test('a full disk is reported once, lines beyond the buffer are counted, and the others come when there is room', async t => {
  const path = join(await folderOf(t), 'web.log')
  await symlink('/dev/full', path)
  const troubles: FileTrouble[] = []
  const failed = Promise.withResolvers<void>()
  const recovered = Promise.withResolvers<{ file: string; dropped: number }>()
  const file = new RotatingFile(path, {
    bufferBytesMax: 4096,
    retryMs: 5,
    onTrouble: trouble => {
      troubles.push(trouble)
      failed.resolve()
    },
    onRecovered: recovered.resolve,
  })
  file.write('first\n')
  await failed.promise
  assert.equal(file.write('x\n'.repeat(5000)), 5000)
  assert.equal(file.write('second\n'), 0)
  assert.equal(await file.flush(30), false)
  await rm(path)
  file.reopen()
  assert.deepEqual(await recovered.promise, { file: path, dropped: 5000 })
  assert.equal(await read(path), 'first\nsecond\n')
  assert.equal(troubles.length, 1)
  assert.match(String(troubles[0]?.error), /ENOSPC/)
  await file.close()
})

test('closing on a full disk ends, and counts what was lost', async () => {
  const file = new RotatingFile('/dev/full')
  file.write('one\ntwo\n')
  await file.close()
  assert.equal(file.dropped, 2)
})

test('a folder that cannot be made is reported, and the lines come once it can', async t => {
  const folder = await folderOf(t)
  const failed = Promise.withResolvers<FileTrouble>()
  const recovered = Promise.withResolvers<unknown>()
  await writeFile(join(folder, 'logs'), '')
  const path = join(folder, 'logs/web.log')
  const file = new RotatingFile(path, { retryMs: 5, onTrouble: failed.resolve, onRecovered: recovered.resolve })
  file.write('one\n')
  assert.match(String((await failed.promise).error), /EEXIST|ENOTDIR/)
  await rm(join(folder, 'logs'))
  await recovered.promise
  await file.close()
  assert.equal(await read(path), 'one\n')
})

test('two users of a path share one writer, which is closed with the last of them', async t => {
  const path = join(await folderOf(t), 'web.log')
  const files = new OpenFiles()
  const before = openFds()
  const first = files.get(path)
  const second = files.get(join(path, '../web.log'))
  assert.equal(first, second)
  await files.release(first)
  second.write('one\n')
  await files.release(second)
  assert.equal(openFds(), before)
  assert.equal(await read(path), 'one\n')
})

test('a path that is wanted again while it is closed keeps its writer', async t => {
  const files = new OpenFiles()
  const file = files.get(join(await folderOf(t), 'web.log'))
  const released = files.release(file)
  assert.equal(files.get(file.path), file)
  await released
  file.write('one\n')
  assert.equal(files.get(file.path), file)
  await files.closeAll()
  assert.equal(await read(file.path), 'one\n')
})

test('opening, rotating, reopening and closing leave no descriptor behind', async t => {
  const files = new OpenFiles({ maxBytes: 20, backups: 2 })
  const folder = await folderOf(t)
  const before = openFds()
  for (let i = 0; i < 50; i++) {
    const file = files.get(join(folder, `web-${i % 3}.log`))
    file.write('one two three\nfour five six\n')
    files.reopenAll()
    await file.flush(5000)
    await files.release(file)
  }
  assert.equal(openFds(), before)
})

/** Descriptors of this process that are open files; those of the event loop itself do not count. */
function openFds(): number {
  return readdirSync('/proc/self/fd').length
}

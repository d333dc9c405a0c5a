import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { findExecutable, type Runner } from './find-executable.ts'

const isRoot = process.getuid?.() === 0
const nobody = 65_534

interface Place {
  readonly folder: string
  find(command: string, runner?: Partial<Runner>): ReturnType<typeof findExecutable>
  /** A program in `bin/`, or elsewhere. */
  write(path: string, text?: string, mode?: number): string
}

function makePlace(t: TestContext): Place {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'saola-find-')))
  t.after(() => {
    // A test may have closed it.
    chmodSync(join(folder, 'bin'), 0o755)
    rmSync(folder, { recursive: true })
  })
  chmodSync(folder, 0o755)
  mkdirSync(join(folder, 'bin'))
  mkdirSync(join(folder, 'more'))
  const own = { cwd: folder, path: `${folder}/bin:${folder}/more:relative:/nowhere`, uid: undefined, gid: undefined }
  return {
    folder,
    find: (command, runner = {}) => findExecutable(command, { ...own, ...runner }),
    write(path, text = '#!/bin/sh\n', mode = 0o755) {
      const file = join(folder, path)
      writeFileSync(file, text)
      chmodSync(file, mode)
      return file
    },
  }
}

test('a command is found in the folders of PATH, in their order', t => {
  const { find, write, folder } = makePlace(t)
  const second = write('more/serve')
  assert.deepEqual(find('serve'), { file: second })
  const first = write('bin/serve')
  assert.deepEqual(find('serve'), { file: first })
  mkdirSync(join(folder, 'relative'))
  const relative = write('relative/here')
  assert.deepEqual(find('here'), { file: relative })
  assert.deepEqual(find('serve', { path: '' }), {
    reason: 'it is in no folder of PATH',
    why: 'missing',
    meant: undefined,
  })
  assert.deepEqual(find('bin/serve', { path: '' }), { file: first })
})

test('without a PATH it is looked for where the C library looks', t => {
  const { find } = makePlace(t)
  const found = find('sh', { path: undefined })
  assert.match('file' in found ? found.file : found.reason, /^\/(?:usr\/)?bin\/sh$/)
})

test('what may not be run is passed over, and named if there is nothing else', t => {
  const { find, write } = makePlace(t)
  const closed = write('bin/serve', '#!/bin/sh\n', 0o644)
  assert.deepEqual(find('serve'), { reason: `${closed} is not executable: chmod +x`, why: 'forbidden' })
  const open = write('more/serve')
  assert.deepEqual(find('serve'), { file: open })
})

test('a folder of PATH that may not be entered is passed over', { skip: isRoot }, t => {
  const { find, write, folder } = makePlace(t)
  const file = write('more/serve')
  chmodSync(join(folder, 'bin'), 0o000)
  assert.deepEqual(find('serve'), { file })
  assert.deepEqual(find('srve'), { reason: 'it is in no folder of PATH', why: 'missing', meant: 'serve' })
  assert.deepEqual(find('bin/serve'), { reason: `${folder}/bin/serve cannot be looked at: EACCES`, why: 'hidden' })
})

test('a path counts from the folder that it will run in', t => {
  const { find, write, folder } = makePlace(t)
  const file = write('bin/serve')
  assert.deepEqual(find('./bin/serve'), { file })
  assert.deepEqual(find(file, { cwd: '/' }), { file })
  assert.deepEqual(find('./serve', { cwd: `${folder}/bin` }), { file })
  assert.deepEqual(find('./bin'), { reason: `${folder}/bin is a folder`, why: 'forbidden' })
  assert.deepEqual(find('./bin/serve/x'), {
    reason: `${folder}/bin/serve/x does not exist`,
    why: 'missing',
    meant: undefined,
  })
  assert.deepEqual(find('/dev/null'), { reason: '/dev/null is no file', why: 'forbidden' })
})

test('what was probably meant is said', t => {
  const { find, write, folder } = makePlace(t)
  write('more/redis-server')
  assert.deepEqual(find('redis-sever'), {
    reason: 'it is in no folder of PATH',
    why: 'missing',
    meant: 'redis-server',
  })
  assert.deepEqual(find('more/redisserver'), {
    reason: `${folder}/more/redisserver does not exist`,
    why: 'missing',
    meant: 'redis-server',
  })
  assert.deepEqual(find('exec'), { reason: 'only a shell has it', why: 'missing', meant: undefined })
})

test('a script needs its interpreter', t => {
  const { find, write, folder } = makePlace(t)
  write('bin/serve', '#!/opt/gone/bin/python3 -u\nimport this\n')
  assert.deepEqual(find('serve'), {
    reason: 'its first line names /opt/gone/bin/python3: /opt/gone/bin/python3 does not exist',
    why: 'forbidden',
  })
  write('bin/serve', '#! /usr/bin/env nowhere-at-all\n')
  assert.deepEqual(find('serve'), {
    reason: 'its first line names nowhere-at-all: it is in no folder of PATH',
    why: 'forbidden',
  })
  const own = write('bin/serve', '#!/usr/bin/env tool\n')
  write('more/tool')
  assert.deepEqual(find('serve'), { file: own })
  // Whatever cannot be read in that line is left to the kernel, and so is a script that names itself.
  for (const text of [
    '#!/usr/bin/env -S x y\n',
    '#!\n',
    'no script\n',
    `#!${folder}/bin/serve\n`,
    '#!/usr/bin/env serve\n',
  ]) {
    write('bin/serve', text)
    assert.deepEqual(find('serve'), { file: own }, text)
  }
})

test('for another user the permissions of that user count', { skip: isRoot ? false : 'it needs root' }, t => {
  const { find, write, folder } = makePlace(t)
  const other = { uid: nobody, gid: nobody }
  const file = write('bin/serve', '#!/bin/sh\n', 0o750)
  assert.deepEqual(find('serve'), { file })
  assert.deepEqual(find('serve', other), { reason: `user ${nobody} may not execute ${file}`, why: 'forbidden' })
  chmodSync(file, 0o755)
  assert.deepEqual(find('serve', other), { file })
  chmodSync(join(folder, 'bin'), 0o700)
  const closed = { reason: `user ${nobody} may not enter the folder ${folder}/bin`, why: 'forbidden' }
  assert.deepEqual(find('serve', other), closed)
  symlinkSync(file, join(folder, 'more', 'linked'))
  assert.deepEqual(find('linked', other), closed)
  // Its working directory is entered before it becomes this user.
  chmodSync(join(folder, 'bin'), 0o755)
  chmodSync(folder, 0o700)
  assert.deepEqual(find('./serve', { ...other, cwd: join(folder, 'bin') }), { file })
  assert.deepEqual(find('./bin/serve', other), {
    reason: `user ${nobody} may not enter the folder ${folder}`,
    why: 'forbidden',
  })
  chmodSync(file, 0o644)
  assert.deepEqual(find('./bin/serve', { uid: 0, gid: 0 }), {
    reason: `${file} is not executable: chmod +x`,
    why: 'forbidden',
  })
})

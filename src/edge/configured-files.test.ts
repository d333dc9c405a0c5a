import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { findFileProblems, findFolderProblems } from './configured-files.ts'
import { type EdgeSettings, edgeOptions } from './options.ts'

test('files of users, pages and modules are looked at, and each problem names its option', async t => {
  const dir = mkdtempSync(join(tmpdir(), 'saola-files-'))
  t.after(() => rmSync(dir, { recursive: true }))
  const at = (name: string) => join(dir, name)
  mkdirSync(at('folder'))
  writeFileSync(at('users'), 'ann:scrypt$ln=1,r=1,p=1$c2FsdGVk$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n')
  writeFileSync(at('wrong'), '# Staff\nann:secret\n')
  writeFileSync(at('404.html'), '<h1>Not here')
  writeFileSync(at('large.html'), Buffer.alloc(256 * 1024 + 1, 'x'))
  writeFileSync(at('key.mjs'), 'throw new Error("It is not run")')
  const settings = (input: object) => edgeOptions.parse({ edge: input }).edge as EdgeSettings
  const problemsOf = async (input: object) =>
    (await findFileProblems(settings(input))).map(({ path, message }) => `${path.join(' ')}: ${message}`)
  const basic = (name: string) => ({ path: '/', basic: { file: at(name) } })
  const byModule = (name: string) => ({ rate: '1/s', key: { module: at(name) } })
  const right = {
    access: [{ path: '/open' }, basic('users')],
    errorPages: { intercept: true, 404: at('404.html') },
    rateLimit: [{ rate: '1/s' }, byModule('key.mjs')],
    static: { '/a': dir },
  }
  assert.deepEqual([await problemsOf({}), await problemsOf(right)], [[], []])
  assert.deepEqual(await findFolderProblems(settings(right)), [])

  const wrong = {
    access: [basic('users'), basic('absent'), basic('wrong'), basic('folder')],
    errorPages: { 404: at('absent.html'), '5xx': at('large.html') },
    rateLimit: [byModule('key.mjs'), byModule('key.ts'), byModule('folder')],
  }
  const [absent, unread, folder, ...others] = await problemsOf(wrong)
  assert.equal(absent, `access 1 basic file: expected a file of users, got "${at('absent')}" (it does not exist).`)
  assert.match(unread ?? '', /^access 2 basic file: .*wrong" \(line 2: expected .*\)\.$/)
  assert.match(folder ?? '', /^access 3 basic file: .*\(it is a folder\)\.$/)
  assert.deepEqual(others, [
    `errorPages 404: expected a page, got "${at('absent.html')}" (it does not exist).`,
    `errorPages 5xx: expected a page, got "${at('large.html')}" (the file is larger than 262144 bytes).`,
    `rateLimit 1 key module: expected a module, got "${at('key.ts')}" (it does not exist).`,
    `rateLimit 2 key module: expected a module, got "${at('folder')}" (it is none).`,
  ])
  // A pipe would be waited for until somebody writes to it.
  execFileSync('mkfifo', [at('pipe')])
  assert.match(String(await problemsOf({ access: [basic('pipe')] })), /\(it is no file\)\.$/)
  const mounts = settings({ static: { '/a': at('absent'), '/b': { dir: at('users') } } })
  assert.deepEqual(await findFolderProblems(mounts), [
    { path: ['static', '/a', 'dir'], message: `expected a folder, got "${at('absent')}" (it does not exist).` },
    { path: ['static', '/b', 'dir'], message: `expected a folder, got "${at('users')}" (it is none).` },
  ])
})

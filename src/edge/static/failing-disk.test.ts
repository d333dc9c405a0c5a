import assert from 'node:assert/strict'
import fs, { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mock, test } from 'node:test'

/** Paths that cannot be opened now: there are too many open files. */
const failing = new Set<unknown>()
const { open } = fs
mock.method(fs, 'open', (...args: unknown[]) => {
  const done = args.at(-1) as (error: Error) => void
  if (failing.has(args[0])) done(Object.assign(new Error('too many open files'), { code: 'EMFILE' }))
  else Reflect.apply(open, fs, args)
})
// They take the functions of `fs` when they are loaded.
const { createFileFinder } = await import('./find-file.ts')
const { createMount } = await import('./mount.ts')
const { staticOptions } = await import('./options.ts')
const { StaticFile } = await import('./static-file.ts')

test('an encoding that could not be opened is the plain file for now, and is tried again', async t => {
  const dir = mkdtempSync(join(tmpdir(), 'saola-static-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  writeFileSync(join(dir, 'a.js'), 'plain')
  writeFileSync(join(dir, 'a.js.gz'), 'gzip')
  const settings = staticOptions.parse({ '/static': dir })['/static']
  assert.ok(settings)
  const mount = createMount('/static', settings)
  const finder = createFileFinder(
    { maxFileBytes: 1_000, maxBytes: 10_000 },
    { now: () => 5_000, date: () => new Date(Date.now() + 60_000) },
  )
  t.after(() => finder.close())
  const file = await finder.find({ mount, relative: '/a.js', key: '/static/a.js' })
  assert.ok(file instanceof StaticFile)
  failing.add(join(dir, 'a.js.gz'))
  const bodies = async () => {
    const versions = await Promise.all([file.select(['gzip']), file.select(['gzip'])])
    return versions.map(({ body }) => String(body))
  }
  assert.deepEqual(await bodies(), ['plain', 'plain'])
  failing.clear()
  assert.deepEqual(await bodies(), ['gzip', 'gzip'])
})

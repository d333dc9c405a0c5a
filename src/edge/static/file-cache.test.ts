import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Clock } from '../../base/clock.ts'
import { createFileFinder } from './find-file.ts'
import { createMount } from './mount.ts'
import { staticOptions } from './options.ts'
import { StaticFile } from './static-file.ts'

/** Stands still, so that nothing is looked at twice. */
const clock: Clock = { now: () => 5_000, date: () => new Date() }

test('a thousand files keep the cache within its budget, and what is asked for again stays', async t => {
  const dir = mkdtempSync(join(tmpdir(), 'saola-static-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  for (let n = 0; n < 1_000; n++) writeFileSync(join(dir, String(n)), Buffer.alloc(4_000, n))
  const settings = staticOptions.parse({ '/static': dir })['/static']
  assert.ok(settings)
  const mount = createMount('/static', settings)
  const maxBytes = 1024 * 1024
  const finder = createFileFinder({ maxFileBytes: 256 * 1024, maxBytes }, clock)
  t.after(() => finder.close())
  const find = (n: number) => finder.find({ mount, relative: `/${n}`, key: `/static/${n}` })
  const hot = await find(0)
  for (let n = 1; n < 1_000; n++) {
    const found = await find(n)
    assert.ok(found instanceof StaticFile && found.plain.body?.[0] === n % 256)
    assert.ok(finder.cache.sizeBytes <= maxBytes, `${finder.cache.sizeBytes} bytes`)
    await find(0)
  }
  assert.ok(finder.cache.count > 50, 'the budget is used')
  assert.ok((await find(0)) === hot, 'never given up')
})

test('paths that no file answers are remembered, a bounded number of them', async t => {
  const dir = mkdtempSync(join(tmpdir(), 'saola-static-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  const settings = staticOptions.parse({ '/': dir })['/']
  assert.ok(settings)
  const mount = createMount('/', settings)
  const finder = createFileFinder({ maxFileBytes: 1024, maxBytes: 1024 }, clock)
  t.after(() => finder.close())
  const find = (path: string) => finder.find({ mount, relative: path, key: path })
  assert.ok(find('/api') instanceof Promise)
  assert.equal(await find('/api'), 'missing')
  assert.equal(find('/api'), 'missing', 'at once')
  await Promise.all(Array.from({ length: 1_024 }, (_, n) => find(`/made-up-${n}`)))
  assert.ok(find('/api') instanceof Promise, 'the oldest was given up')
  const long = `/${'x'.repeat(600)}`
  await find(long)
  assert.ok(find(long) instanceof Promise, 'long ones are not kept')
})

import assert from 'node:assert/strict'
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { diffConfig, formatChange } from './diff.ts'
import { printConfig } from './print.ts'
import { resolveConfig } from './resolve.ts'

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'saola-diff-')))
for (const name of ['app.ts', 'api.ts']) writeFileSync(join(folder, name), '')
after(() => rmSync(folder, { recursive: true }))

function load(value: object, env: NodeJS.ProcessEnv = {}) {
  const request = { cwd: folder, flags: {}, env, mode: 'start' } as const
  return resolveConfig(request, join(folder, 'saola.config.ts'), { value: structuredClone(value), problems: [] })
}

function changes(from: object, to: object) {
  return diffConfig(load(from).config, load(to).config)
}

const app = 'app.ts'
const one = (options: object = {}) => ({ name: 'shop', apps: { web: { app, ...options } } })

describe('the difference between two configurations', () => {
  it('is empty when both say the same in other words', () => {
    assert.deepEqual(changes(one({ timeout: '60s' }), one({ timeout: '1m', listen: ['127.0.0.1:8000'] })), [])
  })

  it('names each setting with both values and what the change takes', () => {
    const from = { ...one({ workers: 2, listen: ':1' }), log: { level: 'info' } }
    const to = {
      ...one({ workers: { min: 1, max: 3 }, listen: ':2', env: { A: 'b' } }),
      name: 'other',
      log: { level: 'debug' },
    }
    assert.deepEqual(changes(from, to).map(formatChange), [
      'name: "shop" -> "other" (refused)',
      'apps.web.listen: :1 -> :2 (restart)',
      'apps.web.workers: 2 -> 1 to 3 (live)',
      'apps.web.env: {} -> {"A":"b"} (restart)',
      `control.socket: ${folder}/.saola/shop/control.sock -> ${folder}/.saola/other/control.sock (refused)`,
      `store.dir: ${folder}/.saola/shop/store -> ${folder}/.saola/other/store (refused)`,
      'log.level: "info" -> "debug" (live)',
    ])
    assert.deepEqual(changes(one({ timeout: 1 }), one({ timeout: 2 })), [
      { path: 'apps.web.timeout', from: '1s', to: '2s', effect: 'live', app: 'web' },
    ])
  })

  it('has sections that come and go', () => {
    const file = { stdout: { file: 'out.log' } }
    assert.deepEqual(changes(one(), one(file)).map(formatChange), [
      `apps.web.stdout: unset -> file ${folder}/out.log, maxBytes 50MB, backups 10 (restart)`,
    ])
    assert.deepEqual(
      changes(one(file), one()).map(({ path, to, effect }) => [path, to, effect]),
      [['apps.web.stdout', 'unset', 'restart']],
    )
    assert.deepEqual(
      changes(one(), one({ accessLog: false })).map(({ path, to, effect }) => [path, to, effect]),
      [['apps.web.accessLog', 'false', 'restart']],
    )
  })

  it('has a new and a removed application as one change each', () => {
    const two = { name: 'shop', apps: { web: { app }, api: { app: 'api.ts', listen: ':9' } } }
    assert.deepEqual(changes(one(), two), [
      { path: 'apps.api', from: undefined, to: join(folder, 'api.ts'), effect: 'restart', app: 'api' },
    ])
    assert.deepEqual(changes(two, one()).map(formatChange), [`apps.api: removed, was ${join(folder, 'api.ts')}`])
  })
})

describe('a printed configuration', () => {
  it('has every setting with its value and where it comes from', () => {
    const text = printConfig(load(one({ accessLog: 'json', timeout: '90s' }), { WEB_CONCURRENCY: '3' }))
    const rows = text.split('\n').map(line => line.split(/ {2,}/))
    const row = (path: string) => rows.find(([name]) => name === path)?.slice(1)
    assert.deepEqual(row('name'), ['"shop"', 'file saola.config.ts'])
    assert.deepEqual(row('apps.web.workers'), ['3', 'env WEB_CONCURRENCY'])
    assert.deepEqual(row('apps.web.timeout'), ['90s', 'file saola.config.ts'])
    assert.deepEqual(row('apps.web.keepAlive'), ['65s', 'default'])
    assert.deepEqual(row('apps.web.accessLog.format'), ['"json"', 'file saola.config.ts'])
    assert.deepEqual(row('apps.web.accessLog.maxBytes'), ['50MB', 'default'])
    assert.deepEqual(row('apps.web.recycle.memory.soft'), ['unset', 'default'])
    assert.deepEqual(row('apps.web.cwd'), [folder, 'default'])
    assert.equal(row('apps.web.workers.min'), undefined)
  })
})

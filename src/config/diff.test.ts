import assert from 'node:assert/strict'
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { diffConfig, formatChange } from './diff.ts'
import { printConfig, withoutSecrets } from './print.ts'
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
  it('names variables of files, and shows none', () => {
    const from = { ...load(one()).config, variables: { KEPT: '1', TOKEN: 'old', GONE: 'x' } }
    const to = { ...load(one()).config, variables: { KEPT: '1', TOKEN: 'new', NEW: 'y' } }
    assert.deepEqual(diffConfig(from, to).map(formatChange), [
      'env TOKEN: (secret) -> (secret) (restart)',
      'env GONE: removed, was (secret)',
      'env NEW: new, (secret)',
    ])
  })

  it('names variables of sections, and shows none', () => {
    const [before, after] = [
      one({ env: { KEPT: '1', TOKEN: 'old' } }),
      one({ env: { KEPT: '1', TOKEN: 'new', NEW: 'y' } }),
    ]
    assert.deepEqual(changes(before, after).map(formatChange), [
      'apps.web.env: { …, TOKEN: (secret) } -> { …, TOKEN: (secret), NEW: (secret) } (restart)',
    ])
    const loaded = load(after)
    assert.match(printConfig(loaded), /^apps\.web\.env +\{ KEPT: \(secret\), TOKEN: \(secret\), NEW: \(secret\) \}/m)
    assert.deepEqual(withoutSecrets(loaded.config).apps.web?.env, {
      KEPT: '(secret)',
      TOKEN: '(secret)',
      NEW: '(secret)',
    })
  })

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
      'apps.web.env: {} -> { A: (secret) } (restart)',
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

describe('the programs in a difference', () => {
  const command = process.execPath
  const tree = (programs: object) => ({ name: 'shop', programs })
  const a = { command: [command, '--version'] }

  it('are compared setting by setting', () => {
    const from = {
      ...a,
      ready: { tcp: 6379 },
      listen: ':9000',
      stopTimeout: '60s',
      recycle: { memory: { soft: '1GB' } },
    }
    const to = {
      ...{ ...from, command: `${command} --version x`, stopTimeout: '1m', recycle: { memory: { soft: '2GB' } } },
      ...{
        ready: { http: 'http://127.0.0.1:80/' },
        stdin: { file: 'app.ts' },
        stderr: { file: 'err.log' },
        listen: ':9001',
      },
    }
    assert.deepEqual(changes(tree({ a: from }), tree({ a: to })).map(formatChange), [
      `programs.a.command: ["${command}","--version"] -> "${command} --version x" (restart)`,
      'programs.a.ready.tcp: 6379 -> unset (restart)',
      'programs.a.ready.http: unset -> "http://127.0.0.1:80/" (restart)',
      'programs.a.recycle.memory.soft: 1GB -> 2GB (live)',
      'programs.a.listen: :9000 -> :9001 (restart)',
      `programs.a.stdin: "closed" -> file ${folder}/app.ts (restart)`,
      `programs.a.stderr: unset -> file ${folder}/err.log, maxBytes 50MB, backups 10 (restart)`,
    ])
  })

  it('are told as a whole when they come and go', () => {
    assert.deepEqual(changes(tree({ a }), tree({ b: { command } })), [
      { path: 'programs.b', from: undefined, to: JSON.stringify(command), effect: 'restart', app: undefined },
      { path: 'programs.a', from: `["${command}","--version"]`, to: undefined, effect: 'restart', app: undefined },
    ])
    const [added] = changes(tree({ a }), { ...tree({ a }), apps: { web: { edge: { static: { '/': '.' } } } } })
    assert.equal(added && formatChange(added), 'apps.web: new, without an application')
  })

  it('do not change what is the same', () => {
    const said = { ...a, startSeconds: 1, dependsOn: [], env: {}, umask: '022' }
    assert.deepEqual(changes(tree({ a: { ...a, umask: 0o22 } }), tree({ a: said })), [])
  })
})

describe('a printed configuration', () => {
  it('has the settings of programs, each by itself', () => {
    const program = {
      command: process.execPath,
      ready: { log: 'up' },
      dependsOn: { b: 'started' },
      successExitCodes: [0, 2],
    }
    const loaded = load({ name: 'shop', programs: { a: program, b: { command: process.execPath, cwd: '..' } } })
    const rows = printConfig(loaded)
      .split('\n')
      .map(line => line.split(/ {2,}/))
    const row = (path: string) => rows.find(([name]) => name === path)?.slice(1)
    assert.deepEqual(row('programs.a.ready.log'), ['"up"', 'file saola.config.ts'])
    assert.deepEqual(row('programs.a.ready.timeout'), ['1m', 'default'])
    assert.deepEqual(row('programs.a.stdin'), ['"closed"', 'default'])
    assert.deepEqual(row('programs.a.dependsOn'), ['{ b: "started" }', 'file saola.config.ts'])
    assert.deepEqual(row('programs.a.successExitCodes'), ['[0, 2]', 'file saola.config.ts'])
    assert.deepEqual(row('programs.b.cwd'), [join(folder, '..'), 'file saola.config.ts'])
    assert.deepEqual(row('programs.b.health'), ['unset', 'default'])
    // Neither the other forms of a section, nor what is said of items and keys.
    const none = ['a.ready.tcp', 'a.ready.http', 'a.dependsOn.*', 'a.successExitCodes[]'].map(path =>
      row(`programs.${path}`),
    )
    assert.deepEqual(none, [undefined, undefined, undefined, undefined])
  })

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

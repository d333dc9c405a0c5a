import assert from 'node:assert/strict'
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { ServerError } from '../base/errors.ts'
import type { LoadRequest } from './config.ts'
import { loadConfig } from './load.ts'

let folder = ''

beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'saola config #1 ')))
  await write({ 'app.ts': '', 'api.ts': '' })
})

afterEach(() => rm(folder, { recursive: true }))

async function write(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(join(folder, dirname(path)), { recursive: true })
    await writeFile(join(folder, path), content)
  }
}

function load(request: Partial<LoadRequest> = {}) {
  return loadConfig({ cwd: folder, flags: {}, env: { PATH: process.env.PATH }, mode: 'start', ...request })
}

async function problemsOf(request: Partial<LoadRequest> = {}): Promise<readonly string[]> {
  const error = await load(request).then(
    () => assert.fail('It was loaded.'),
    (thrown: unknown) => thrown,
  )
  assert.ok(error instanceof ServerError, String(error))
  assert.equal(error.code, 'ERR_CONFIG_INVALID')
  return error.problems
}

const es = "export default { apps: { web: { app: './app.ts', backlog: 7 } } }\n"
const common = "module.exports = { apps: { web: { app: './app.ts', backlog: 7 } } }\n"
const typed =
  "import { defineConfig } from 'saola'\nexport default defineConfig({ apps: { web: { app: './app.ts' as string, backlog: 7 } } })\n"

describe('a configuration file', () => {
  const files: Readonly<Record<string, readonly [string, string, string]>> = {
    'TypeScript in a CommonJS package': ['saola.config.ts', typed, 'commonjs'],
    'TypeScript in an ES package': ['saola.config.ts', typed, 'module'],
    mts: ['saola.config.mts', typed, 'commonjs'],
    'ES in a CommonJS package': ['saola.config.js', es, 'commonjs'],
    'CommonJS in an ES package': ['saola.config.js', common, 'module'],
    mjs: ['saola.config.mjs', es, 'commonjs'],
    JSON: ['saola.config.json', '{ "$schema": "x", "apps": { "web": { "app": "./app.ts", "backlog": 7 } } }', 'module'],
  }
  for (const [kind, [name, content, type]] of Object.entries(files)) {
    it(`may be ${kind}`, async () => {
      await write({ [name]: content, 'package.json': JSON.stringify({ type }) })
      const { config } = await load()
      assert.equal(config.apps.web?.app, join(folder, 'app.ts'))
      assert.equal(config.apps.web?.backlog, 7)
      assert.equal(config.file, join(folder, name))
    })
  }

  it('may be a function of the mode and the environment, or a promise', async () => {
    const content =
      "export default async ({ mode, env }) => ({ name: `${mode}-${env.REGION}`, apps: { web: { app: './app.ts' } } })"
    await write({ 'saola.config.mjs': content })
    assert.equal((await load({ env: { REGION: 'eu' } })).config.name, 'start-eu')
    await write({
      'saola.config.mjs': "export default Promise.resolve({ name: 'p', apps: { web: { app: './app.ts' } } })",
    })
    assert.equal((await load({ mode: 'dev' })).config.name, 'p')
  })

  it('is read again with all that it imports when these have changed', async () => {
    await write({
      'saola.config.ts':
        "import { backlog } from './helper.ts'\nexport default { apps: { web: { app: './app.ts', backlog } } }",
      'helper.ts': 'export const backlog: number = 1\n',
    })
    assert.equal((await load()).config.apps.web?.backlog, 1)
    await write({ 'helper.ts': 'export const backlog: number = 2\n' })
    assert.equal((await load()).config.apps.web?.backlog, 2)
  })

  it('may stand in another folder, which its paths count from', async () => {
    const content =
      "export default { apps: { web: { app: '../app.ts', stdout: { file: 'out.log' }, listen: 'unix:web.sock' } } }"
    await write({ 'conf/production.mjs': content })
    const { config } = await load({ file: 'conf/production.mjs' })
    const web = config.apps.web
    assert.equal(web?.app, join(folder, 'app.ts'))
    assert.equal(web?.cwd, join(folder, 'conf'))
    assert.equal(web?.stdout?.file, join(folder, 'conf', 'out.log'))
    assert.deepEqual(web?.listen, [{ kind: 'unix', path: join(folder, 'conf', 'web.sock') }])
    assert.equal(config.stateDir, join(folder, 'conf', '.saola', 'conf'))
    assert.equal(config.control.socket, join(config.stateDir, 'control.sock'))
  })
})

describe('a configuration file that cannot be loaded is refused', () => {
  const refusals: Readonly<Record<string, readonly [string, RegExp]>> = {
    'when it throws, with the line': [
      "const a = 1\nthrow new TypeError('no luck')",
      /saola\.config\.ts \(TypeError: no luck, line 2:7\)/,
    ],
    'when it is wrong in itself': ['export default {', /saola\.config\.ts \(SyntaxError: /],
    'when an import is missing': ["import './gone.ts'\nexport default {}", /Cannot find module .*gone\.ts/],
    'when its process ends': ['process.exit(3)', /its process ended \(exit code 3\) before it exported anything/],
    'when it waits forever': ['await new Promise(() => {})', /its process ended \(exit code 13\)|not evaluated after/],
  }
  for (const [title, [content, message]] of Object.entries(refusals)) {
    it(title, async () => {
      await write({ 'saola.config.ts': content, 'package.json': '{"type":"module"}' })
      await assert.rejects(load(), { code: 'ERR_CONFIG_UNREADABLE', message })
    })
  }

  it('when it never ends, after the time that it has', async () => {
    await write({ 'saola.config.mjs': 'for (;;);' })
    const message = /saola\.config\.mjs \(not evaluated after 300ms: does it wait for something\?\)/
    await assert.rejects(load({ timeoutMs: 300 }), { code: 'ERR_CONFIG_UNREADABLE', message })
  })

  it('when it is not there, or no configuration by its name', async () => {
    await assert.rejects(load({ file: 'gone.ts' }), { message: /gone\.ts \(no such file\)/ })
    await write({ 'config.yaml': 'name: shop' })
    await assert.rejects(load({ file: 'config.yaml' }), { message: /expected a name that ends in \.ts, \.mts/ })
    await write({ 'saola.config.json': '{ "name": }' })
    await assert.rejects(load(), { code: 'ERR_CONFIG_UNREADABLE', message: /saola\.config\.json \(.*JSON/ })
  })

  it('when there are several in a folder', async () => {
    await write({ 'saola.config.ts': es, 'saola.config.json': '{}' })
    const message = `${folder} has saola.config.ts and saola.config.json. Keep one, or choose one with -c.`
    await assert.rejects(load(), { code: 'ERR_CONFIG_INVALID', message })
    await assert.doesNotReject(load({ file: 'saola.config.ts' }))
  })
})

describe('what a configuration file exports', () => {
  it('must be an object', async () => {
    await write({ 'saola.config.mjs': 'export const apps = {}' })
    assert.deepEqual(await problemsOf(), ['saola.config.mjs expected to export an object, got nothing.'])
    await write({ 'saola.config.mjs': 'export default [1]' })
    assert.deepEqual(await problemsOf(), ['saola.config.mjs expected to export an object, got [1].'])
  })

  it('must be data, so that the application itself in the place of its path has a clear message', async () => {
    await write({
      'saola.config.mjs':
        "export default { name: new Date(0), apps: { web: { app() {} }, api: { app: './api.ts', env: new Map() } } }",
    })
    const problems = await problemsOf()
    assert.deepEqual(problems.slice(0, 3), [
      'name expected plain data, got a Date.',
      'apps.web.app expected plain data, got a function.',
      'apps.api.env expected plain data, got a Map.',
    ])
  })

  it('needs every variable that it asks env() for; all missing ones are named at once', async () => {
    await write({
      'saola.config.ts': `import { env } from 'saola'
        export default { name: env('SHOP_NAME'), apps: { web: { app: env('SHOP_APP', './app.ts'), backlog: Number(env('SHOP_BACKLOG')) } } }`,
    })
    const problems = await problemsOf()
    assert.deepEqual(problems.slice(0, 2), [
      'The environment variable SHOP_NAME is not set, and the configuration needs it.',
      'The environment variable SHOP_BACKLOG is not set, and the configuration needs it.',
    ])
    const { config } = await load({ env: { SHOP_NAME: 'shop', SHOP_BACKLOG: '9' } })
    assert.equal(config.name, 'shop')
    assert.equal(config.apps.web?.backlog, 9)
  })

  it('is taken although the file leaves things open', async () => {
    await write({
      'saola.config.mjs': `setInterval(() => {}, 1000)\n${es}`,
    })
    assert.equal((await load()).config.apps.web?.backlog, 7)
  })
})

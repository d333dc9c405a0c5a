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

  it('needs those of programs, too', async () => {
    await write({
      'saola.config.ts': `import { env } from 'saola'
        export default {
          apps: { web: { app: './app.ts' } },
          programs: { jobs: { command: ['true', env('JOBS_QUEUE')], env: { TOKEN: env('JOBS_TOKEN') } } },
        }`,
    })
    assert.deepEqual(await problemsOf(), [
      'The environment variable JOBS_QUEUE is not set, and the configuration needs it.',
      'The environment variable JOBS_TOKEN is not set, and the configuration needs it.',
    ])
    const { config } = await load({ env: { JOBS_QUEUE: 'mail', JOBS_TOKEN: 'secret' } })
    assert.deepEqual(config.programs.jobs?.command, ['true', 'mail'])
    assert.deepEqual(config.programs.jobs?.env, { TOKEN: 'secret' })
  })

  it('is taken although the file leaves things open', async () => {
    await write({
      'saola.config.mjs': `setInterval(() => {}, 1000)\n${es}`,
    })
    assert.equal((await load()).config.apps.web?.backlog, 7)
  })
})

describe('files of variables beside a configuration', () => {
  const asking = `import { env } from 'saola'
    export default { name: env('SHOP'), apps: { web: { app: './app.ts', env: { REGION: env('REGION') } } } }`

  it('count as the environment does, which comes before them', async () => {
    await write({
      'conf/shop.ts': asking.replace('./app.ts', '../app.ts'),
      'conf/.env': 'SHOP=files\nREGION=files\nPORT=81\nWEB_CONCURRENCY=2\nSAOLA_APPS_WEB_BACKLOG=9\nEMPTY=files\n',
      'conf/.env.local': 'PORT=82\n',
      '.env': 'SHOP=elsewhere\n',
    })
    const env = { PATH: process.env.PATH, REGION: 'real', EMPTY: '' }
    const { config, origins } = await load({ file: 'conf/shop.ts', env })
    assert.deepEqual([config.name, config.apps.web?.env], ['files', { REGION: 'real' }])
    assert.deepEqual(config.apps.web?.listen, [{ kind: 'tcp', host: '0.0.0.0', port: 82 }])
    assert.deepEqual(config.apps.web?.workers, { min: 2, max: 2 })
    assert.equal(config.apps.web?.backlog, 9)
    assert.equal(origins.get('apps.web.listen'), 'env PORT (.env.local)')
    assert.equal(origins.get('apps.web.workers'), 'env WEB_CONCURRENCY (.env)')
    assert.equal(origins.get('apps.web.backlog'), 'env SAOLA_APPS_WEB_BACKLOG (.env)')
    // For the processes of the tree, beside the environment that they inherit anyway.
    const { SHOP, PORT, ...others } = config.variables
    assert.deepEqual({ SHOP, PORT }, { SHOP: 'files', PORT: '82' })
    assert.deepEqual(Object.keys(others).sort(), ['SAOLA_APPS_WEB_BACKLOG', 'WEB_CONCURRENCY'])
    assert.equal(env.EMPTY, '')
  })

  it('are read again with each load, and leave nothing behind', async () => {
    await write({ 'saola.config.ts': asking, '.env': 'SHOP=one\nREGION=eu\nOLD=1\n' })
    assert.deepEqual((await load()).config.variables, { SHOP: 'one', REGION: 'eu', OLD: '1' })
    await write({ '.env': 'SHOP=two\nREGION=eu\n' })
    assert.deepEqual((await load()).config.variables, { SHOP: 'two', REGION: 'eu' })
    assert.equal(process.env.SHOP, undefined)
  })

  it('may be others, or none', async () => {
    await write({ 'saola.config.ts': asking, '.env': 'SHOP=default\nREGION=eu\n', 'prod/a.env': 'SHOP=a\nREGION=us\n' })
    const { config } = await load({ envFiles: ['prod/a.env'] })
    assert.equal(config.name, 'a')
    const missing = /^The environment variable (?:SHOP|REGION) is not set/
    assert.equal((await problemsOf({ envFiles: false })).filter(problem => missing.test(problem)).length, 2)
    await assert.rejects(load({ envFiles: ['b.env'] }), { code: 'ERR_ENV_FILE_UNREADABLE' })
  })

  it('count without a configuration, too, quick or not', async () => {
    await write({ '.env': 'PORT=83\nREGION=eu\n' })
    const quick = await load({ flags: { app: 'app.ts' } })
    const full = await load({ flags: { app: 'app.ts' }, env: { SAOLA_LOG_LEVEL: 'warn' } })
    for (const { config, origins } of [quick, full]) {
      assert.deepEqual(config.apps.web?.listen, [{ kind: 'tcp', host: '0.0.0.0', port: 83 }])
      assert.equal(origins.get('apps.web.listen'), 'env PORT (.env)')
      assert.deepEqual(config.variables, { PORT: '83', REGION: 'eu' })
    }
  })

  it('are named by the problems that they make, and their oddities are warnings', async () => {
    await write({ '.env': 'PORT=many\nSAOLA_APPS_WEB_TIMEOT=1\nnot this=1\n' })
    const [problem] = await problemsOf({ flags: { app: 'app.ts' } })
    assert.match(problem ?? '', /^apps\.web\.listen \(env PORT of \.env\) expected /)
    await write({ '.env': 'SAOLA_APPS_WEB_TIMEOT=1\nnot this=1\n' })
    assert.deepEqual((await load({ flags: { app: 'app.ts' } })).warnings, [
      '.env: "not this" is no name of a variable; the line is left out.',
      'The environment variable SAOLA_APPS_WEB_TIMEOT is unknown, did you mean SAOLA_APPS_WEB_TIMEOUT?',
    ])
  })
})

it('a configuration for another machine may name what a build has yet to make', async () => {
  const content =
    "export default { apps: { web: { app: './dist/server.js', wrokers: 1 } }, tasks: { dir: './dist/tasks' } }"
  await write({ 'saola.config.mjs': content })
  const elsewhere = { isForElsewhere: true }
  assert.deepEqual((await problemsOf()).length, 3)
  assert.deepEqual((await problemsOf(elsewhere)).length, 1)
  await write({ 'saola.config.mjs': content.replace(', wrokers: 1', '') })
  assert.equal((await load(elsewhere)).config.apps.web?.app, join(folder, 'dist', 'server.js'))
})

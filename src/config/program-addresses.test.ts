import assert from 'node:assert/strict'
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { ServerError } from '../base/errors.ts'
import { diffConfig, formatChange } from './diff.ts'
import { printConfig } from './print.ts'
import { resolveConfig } from './resolve.ts'

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'saola-addresses-')))
after(() => rmSync(folder, { recursive: true }))

function load(programs: object, proxy: object) {
  const own = Object.entries(programs).map(([name, options]) => [name, { command: process.execPath, ...options }])
  const value = { name: 'shop', apps: { web: { edge: { proxy } } }, programs: Object.fromEntries(own) }
  const request = { cwd: folder, flags: {}, env: { LEGACY_PORT: '9007' }, mode: 'start' } as const
  return resolveConfig(request, join(folder, 'saola.config.ts'), { value, problems: [] })
}

function urlsFor(options: object): unknown {
  const { config } = load({ legacy: options }, { '/': 'program:legacy' })
  return config.apps.web?.edge?.proxy['/']?.to.map(({ url }) => url)
}

function problemsOf(programs: object, proxy: object): readonly string[] {
  try {
    load(programs, proxy)
  } catch (error) {
    assert.ok(error instanceof ServerError, String(error))
    return error.problems
  }
  return assert.fail('It was accepted.')
}

describe('program:NAME as an upstream', () => {
  const forms: readonly (readonly [title: string, options: object, urls: readonly string[]])[] = [
    ['its listen address', { listen: '127.0.0.1:9001', ready: { tcp: 1 } }, ['http://127.0.0.1:9001']],
    ['one for every interface', { listen: ':9001' }, ['http://127.0.0.1:9001']],
    ['one for every interface of IPv6', { listen: '[::]:9001' }, ['http://[::1]:9001']],
    ['the first that can be reached', { listen: ['fd://5', 'unix:run/x.sock', ':9001'] }, ['unix:/FOLDER/run/x.sock']],
    ['where it is ready', { ready: { tcp: '10.0.0.1:9001' } }, ['http://10.0.0.1:9001']],
    ['a port of this machine', { ready: { tcp: 9001 } }, ['http://127.0.0.1:9001']],
    ['the origin of a URL', { ready: { http: 'https://me:pw@127.0.0.1:9001/health?x=1' } }, ['https://127.0.0.1:9001']],
    [
      'one for each instance',
      { ready: { tcp: '900{instance}' }, instances: 3 },
      ['http://127.0.0.1:9000', 'http://127.0.0.1:9001', 'http://127.0.0.1:9002'],
    ],
    [
      'a socket for each',
      { listen: 'unix:/run/{name}-{instance}', instances: 2 },
      ['unix:/run/legacy-0', 'unix:/run/legacy-1'],
    ],
    ['one that all share', { listen: ':9001', instances: 3 }, ['http://127.0.0.1:9001']],
    ['a variable', { ready: { tcp: '{env.LEGACY_PORT}' } }, ['http://127.0.0.1:9007']],
  ]
  for (const [title, options, urls] of forms) {
    it(`means ${title}`, () =>
      assert.deepEqual(
        urlsFor(options),
        urls.map(url => url.replace('/FOLDER', folder)),
      ))
  }

  it('stands beside others, with its weight, and no address twice', () => {
    const to = ['http://127.0.0.1:9001', { url: 'program:legacy', weight: 3 }, 'program:other']
    const programs = { legacy: { ready: { tcp: '900{instance}' }, instances: 3 }, other: { listen: ':9002' } }
    const { config } = load(programs, { '/': { to } })
    assert.deepEqual(config.apps.web?.edge?.proxy['/']?.to, [
      { url: 'http://127.0.0.1:9001', weight: 1 },
      { url: 'http://127.0.0.1:9000', weight: 3 },
      { url: 'http://127.0.0.1:9002', weight: 3 },
    ])
  })

  it('is shown and compared as what it became', () => {
    const [one, two] = [1, 2].map(port => load({ legacy: { ready: { tcp: port } } }, { '/': 'program:legacy' }))
    assert.ok(one && two)
    assert.match(printConfig(one), /apps\.web\.edge\.proxy +.*url: "http:\/\/127\.0\.0\.1:1"/)
    assert.deepEqual(
      diffConfig(one.config, two.config).map(({ path }) => path),
      ['apps.web.edge.proxy', 'programs.legacy.ready.tcp'],
    )
    assert.match(
      diffConfig(one.config, two.config).map(formatChange).join('\n'),
      /127\.0\.0\.1:1".* -> .*127\.0\.0\.1:2"/,
    )
  })

  const where = 'apps.web.edge.proxy["/"]'
  const none = 'got none: give the program listen, ready: { tcp } or ready: { http }.'
  const refused: readonly (readonly [title: string, options: object, problem: string])[] = [
    ['has no address', {}, none],
    ['has only passed ones', { listen: ['fd://3', 'systemd:web'] }, none],
    ['says by its log that it is ready', { ready: { log: 'up' } }, none],
    [
      'gets any port',
      { listen: '127.0.0.1:0' },
      'got 127.0.0.1:0: give listen a port, since 0 is another one at each start.',
    ],
    ['has too many', { ready: { tcp: '1{instance}' }, instances: 300 }, 'got 300, and a proxy has 256 at most.'],
  ]
  for (const [title, options, problem] of refused) {
    it(`is refused when the program ${title}`, () =>
      assert.deepEqual(problemsOf({ legacy: options }, { '/': 'program:legacy' }), [
        `${where} expected an address of the program "legacy", ${problem}`,
      ]))
  }

  it('must be a program, wherever it is written', () => {
    const proxy = {
      '/a': 'program:legcy',
      '/b': { to: 'program:web' },
      '/c': { to: ['http://a', { url: 'program:' }] },
    }
    assert.deepEqual(problemsOf({ legacy: { ready: { tcp: 1 } } }, proxy), [
      'apps.web.edge.proxy["/a"] expected a program, got "program:legcy", did you mean "program:legacy"?',
      'apps.web.edge.proxy["/b"].to expected a program, got "program:web".',
      'apps.web.edge.proxy["/c"].to[1].url expected a program, got "program:".',
    ])
  })

  it('is told once of an address that is wrong itself', () => {
    const problems = (options: object) => problemsOf({ legacy: options }, { '/': 'program:legacy' })
    for (const options of [{ listen: 'nowhere' }, { ready: { tcp: 'x' } }, { ready: { tcp: '{env.NOPE}' } }]) {
      assert.equal(problems(options).length, 1, JSON.stringify(options))
    }
  })
})

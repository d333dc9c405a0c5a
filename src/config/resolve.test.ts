import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { after, describe, it } from 'node:test'
import { ServerError } from '../base/errors.ts'
import type { Config, LoadRequest } from './config.ts'
import { originOf } from './draft.ts'
import { resolveConfig } from './resolve.ts'

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'saola-resolve-')))
writeFileSync(join(folder, 'app.ts'), '')
writeFileSync(join(folder, 'api.ts'), '')
mkdirSync(join(folder, 'conf'))
after(() => rmSync(folder, { recursive: true }))

/** Resolves what a file in the folder says; without one when it says nothing. */
function resolve(value?: unknown, request: Partial<LoadRequest> = {}) {
  const full: LoadRequest = { cwd: folder, flags: {}, env: {}, mode: 'start', ...request }
  const file = value === undefined ? undefined : join(folder, 'saola.config.ts')
  return resolveConfig(full, file, value === undefined ? undefined : { value: structuredClone(value), problems: [] })
}

function problemsOf(value?: unknown, request: Partial<LoadRequest> = {}): readonly string[] {
  try {
    resolve(value, request)
  } catch (error) {
    assert.ok(error instanceof ServerError, String(error))
    assert.equal(error.code, 'ERR_CONFIG_INVALID')
    return error.problems
  }
  return assert.fail('It was accepted.')
}

function accessFormatOf({ apps }: Config): string | undefined {
  const accessLog = apps.web?.accessLog
  return typeof accessLog === 'object' ? accessLog.format : undefined
}

const app = './app.ts'
const one = (options: object = {}) => ({ apps: { web: { app, ...options } } })
const two = { apps: { web: { app }, api: { app: './api.ts', listen: ':9000' } } }

describe('a wrong configuration', () => {
  it('is refused with all of its problems at once, each with what is right', () => {
    const problems = problemsOf({
      nmae: 'shop',
      apps: {
        web: {
          app,
          wrokers: 4,
          timeout: '30 parsecs',
          balance: 'round-robbin',
          backlog: '2048',
          graceful: { timout: '1s' },
          recycle: { memory: { soft: '90%', hard: '80%' } },
          listen: ['localhost'],
          accessLog: { format: '%(z)s' },
        },
      },
      log: { level: 'inof', maxBytes: 'huge' },
      timeout: '5s',
    })
    assert.deepEqual([...problems].sort(), [
      `apps.web.accessLog.format expected one of Gunicorn's atoms (h l u t r m U q H s B b f a T M D L p {Header}i {Header}o {VARIABLE}e), got "%(z)s".`,
      'apps.web.backlog expected a whole number from 1 to 65535, got "2048".',
      'apps.web.balance expected "shared", "round-robin", "least-connections" or "sticky", got "round-robbin", did you mean "round-robin"?',
      'apps.web.graceful.timout is unknown, did you mean apps.web.graceful.timeout?',
      'apps.web.listen[0] expected HOST:PORT, :PORT, [::1]:PORT, unix:PATH, fd://N or systemd:NAME, got "localhost".',
      'apps.web.recycle.memory expected soft to be at most hard: a worker is drained before it is killed, got a soft limit above the hard one.',
      'apps.web.timeout expected a duration such as "30s" or "500ms", got "30 parsecs".',
      'apps.web.wrokers is unknown, did you mean apps.web.workers?',
      'log.level expected "debug", "info", "warn" or "error", got "inof", did you mean "info"?',
      'log.maxBytes expected a size such as "1mb", got "huge".',
      'nmae is unknown, did you mean name?',
      'timeout is unknown, did you mean apps.<name>.timeout?',
    ])
  })

  const cases: readonly (readonly [string, unknown, string])[] = [
    [
      'a value of another type',
      one({ timeout: true }),
      'apps.web.timeout expected a duration such as "30s" or "500ms", got true.',
    ],
    ['an object for a text', one({ app: {} }), 'apps.web.app expected a path, got {}.'],
    ['a text for a section', one({ graceful: '30s' }), 'apps.web.graceful expected an object, got "30s".'],
    [
      'null',
      one({ workers: null }),
      'apps.web.workers expected "auto", a number of workers such as 4, or { min, max }, got null.',
    ],
    [
      'too many workers',
      one({ workers: 5000 }),
      'apps.web.workers expected "auto", a number of workers such as 4, or { min, max }, got 5000.',
    ],
    [
      'an upside-down range',
      one({ workers: { min: 4, max: 2 } }),
      'apps.web.workers expected min to be at most max, got {"min":4,"max":2}.',
    ],
    [
      'an unknown key in a value',
      one({ workers: { min: 1, mxa: 2, max: 2 } }),
      'apps.web.workers.mxa is unknown, did you mean apps.web.workers.max?',
    ],
    ['a number for an address', one({ listen: [5] }), 'apps.web.listen[0] expected a text, got 5.'],
    ['half a range', one({ workers: { min: 1 } }), 'apps.web.workers needs max: the most workers.'],
    [
      'an upside-down backoff',
      one({ backoff: { min: '20s' } }),
      'apps.web.backoff expected min to be at most max, got 20s and 10s.',
    ],
    [
      'a share above all',
      one({ recycle: { memory: { hard: '120%' } } }),
      'apps.web.recycle.memory.hard expected a share from "1%" to "100%", got "120%".',
    ],
    ['a number for a variable', one({ env: { A: 1 } }), 'apps.web.env.A expected a text, got number.'],
    [
      'a text for a list',
      one({ node: '--x' }),
      'apps.web.node expected a list of flags of Node such as ["--enable-source-maps"], got "--x".',
    ],
    ['a number in a list', one({ node: [5] }), 'apps.web.node[0] expected a flag of Node, got 5.'],
    [
      'no address',
      one({ listen: [] }),
      'apps.web.listen expected an address such as "127.0.0.1:8000", or a list of them, got [].',
    ],
    [
      'a misspelled format',
      one({ accessLog: 'combind' }),
      `apps.web.accessLog expected 'combined', 'json' or a format with atoms such as %(h)s, got "combind", did you mean "combined"?`,
    ],
    ['a missing file of a log', one({ stdout: {} }), 'apps.web.stdout needs file: the file.'],
    [
      'a missing application',
      { apps: { web: { edge: { static: {} } } } },
      'apps.web needs app: the file of the application; or an edge that answers: edge.static, edge.proxy or edge.redirects.',
    ],
    ['a name that is none', { name: 'a/b', ...one() }, 'name expected a name of letters, digits and _ . -, got "a/b".'],
    [
      'a name of an application that is none',
      { apps: { '9': { app } } },
      'apps.9 expected a name of letters, digits, _ and -, which begins with a letter, got "9".',
    ],
    [
      'a mask that is none',
      { umask: 999, ...one() },
      'umask expected a file mode mask such as "022" or 0o022, got 999.',
    ],
    ['a name of nginx', one({ edge: { gzip: true } }), 'apps.web.edge.gzip is unknown, did you mean apps.web.edge.compression?'], // biome-ignore format: one line a case
    ['a section of later', { ...one(), tracing: {} }, 'tracing is unknown.'],
    [
      'a file that is not there',
      { apps: { web: { app: './app.js' } } },
      `apps.web.app expected a file, got "./app.js" (${folder}/app.js does not exist), did you mean app.ts?`,
    ],
    [
      'a folder for a file',
      { apps: { web: { app: './conf' } } },
      `apps.web.app expected a file, got "./conf" (${folder}/conf is none).`,
    ],
    [
      'a working directory that is not there',
      one({ cwd: 'gone' }),
      `apps.web.cwd expected a folder, got "gone" (${folder}/gone does not exist).`,
    ],
    [
      'no application',
      { name: 'x' },
      'apps expected at least one application, got none. Name its file: saola start ./app.ts; ' +
        'or say what to serve without one: --static ./public, --proxy http://127.0.0.1:9000; ' +
        'or have programs, cron or tasks in a configuration file',
    ],
    ['a wrong section of applications', { apps: [] }, 'apps expected an object, got [].'],
    [
      'an application that is no section',
      { apps: { web: './app.ts' } },
      'apps.web expected an object, got "./app.ts".',
    ],
  ]
  for (const [title, value, problem] of cases) {
    it(`is refused: ${title}`, () => assert.deepEqual(problemsOf(value), [problem]))
  }

  it('names the flag or the variable that a wrong value comes from', () => {
    const request = {
      flags: { workers: 'many', bind: ['x'] },
      env: { SAOLA_LOG_LEVEL: 'loud', SAOLA_APPS_WEB_TIMEOUT: 'x' },
    }
    assert.deepEqual(
      problemsOf(one(), request).map(problem => problem.split(' expected')[0]),
      [
        'apps.web.listen[0] (flag -b)',
        'apps.web.workers (flag -w)',
        'apps.web.timeout (env SAOLA_APPS_WEB_TIMEOUT)',
        'log.level (env SAOLA_LOG_LEVEL)',
      ],
    )
    assert.match(problemsOf(one(), { env: { PORT: 'http' } })[0] ?? '', /listen \(env PORT\) .*got "0\.0\.0\.0:http"/)
  })

  it('may have keys that mean something to JavaScript', () => {
    const value = JSON.parse(
      '{ "__proto__": { "polluted": 1 }, "constructor": 1, "apps": { "web": { "app": "./app.ts" } } }',
    )
    assert.deepEqual([...problemsOf(value)].sort(), ['__proto__ is unknown.', 'constructor is unknown.'])
    assert.equal(({} as { polluted?: number }).polluted, undefined)
  })

  it('is refused when an application has the name of the store', () => {
    assert.deepEqual(problemsOf({ apps: { store: { app } } }), [
      'apps.store expected a name of its own, got "store", which is that of the shared store.',
    ])
  })

  it('is refused when two applications have one address', () => {
    const shared = { apps: { web: { app }, api: { app: './api.ts' } } }
    assert.deepEqual(problemsOf(shared), [
      'apps.api.listen expected an address of its own, got 127.0.0.1:8000, which apps.web has.',
    ])
    const everywhere = { apps: { web: { app, listen: ':80' }, api: { app: './api.ts', listen: '10.0.0.1:80' } } }
    assert.match(problemsOf(everywhere)[0] ?? '', /got 10\.0\.0\.1:80, which apps\.web has/)
    assert.match(
      problemsOf(one({ listen: ['unix:a', 'unix:a'] }))[0] ?? '',
      /got unix:a, which this application itself has/,
    )
    resolve({ apps: { web: { app, listen: ':0' }, api: { app: './api.ts', listen: ':0' } } })
  })
})

describe('flags, environment, file and defaults', () => {
  it('come in this order', () => {
    const env = { SAOLA_APPS_WEB_WORKERS: '3', WEB_CONCURRENCY: '4', PORT: '7000', SAOLA_NAME: 'env' }
    const file = { name: 'file', ...one({ workers: 5, listen: ':6000', backlog: 9 }) }
    const { config, origins } = resolve(file, { env, flags: { workers: '2', name: 'flag' } })
    const web = config.apps.web
    assert.deepEqual([config.name, web?.workers, web?.backlog], ['flag', { min: 2, max: 2 }, 9])
    assert.deepEqual(web?.listen, [{ kind: 'tcp', host: '0.0.0.0', port: 7000 }])
    const paths = ['name', 'apps.web.workers', 'apps.web.listen', 'apps.web.backlog', 'apps.web.timeout']
    assert.deepEqual(
      paths.map(path => originOf(origins, path)),
      ['flag --name', 'flag -w', 'env PORT', 'file saola.config.ts', 'default'],
    )
    assert.deepEqual(resolve(file, { env }).config.apps.web?.workers, { min: 3, max: 3 })
    assert.deepEqual(resolve(file, { env: {} }).config.apps.web?.workers, { min: 5, max: 5 })
  })

  it('have a variable for every option that fits into a text', () => {
    const { config } = resolve(one({ accessLog: 'combined' }), {
      env: {
        SAOLA_APPS_WEB_KEEP_ALIVE: '5',
        SAOLA_APPS_WEB_GRACEFUL_TIMEOUT: '1500ms',
        SAOLA_APPS_WEB_LISTEN: '127.0.0.1:1, unix:x.sock',
        SAOLA_APPS_WEB_READY_SIGNAL: 'true',
        SAOLA_APPS_WEB_USER: '1000',
        SAOLA_APPS_WEB_RECYCLE_MEMORY_HARD: '1GB',
        SAOLA_APPS_WEB_ACCESS_LOG_FILE: 'access.log',
        SAOLA_UMASK: '27',
      },
    })
    const web = config.apps.web
    assert.equal(web?.keepAlive, 5000)
    assert.equal(web?.graceful.timeout, 1500)
    assert.equal(web?.listen.length, 2)
    assert.equal(web?.ready.signal, true)
    assert.equal(web?.user, '1000')
    assert.deepEqual(web?.recycle.memory, { hard: { bytes: 1024 ** 3 } })
    assert.deepEqual(web?.accessLog && [web.accessLog.format, web.accessLog.file], [
      'combined',
      join(folder, 'access.log'),
    ])
    assert.equal(config.umask, 0o27)
    assert.equal(resolve(one(), { env: { SAOLA_APPS_WEB_ACCESS_LOG: 'false' } }).config.apps.web?.accessLog, false)
  })

  it('warn of an unknown variable, and leave those of Saola itself alone', () => {
    const env = { SAOLA_APPS_WEB_TIMOUT: '1s', SAOLA_X: '1', SAOLA_WORKER: '{}', SAOLA_TEST_NODE: '26' }
    assert.deepEqual(resolve(one(), { env }).warnings, [
      'The environment variable SAOLA_APPS_WEB_TIMOUT is unknown, did you mean SAOLA_APPS_WEB_TIMEOUT?',
      'The environment variable SAOLA_X is unknown.',
    ])
  })

  it('can do without a file', () => {
    const { config } = resolve(undefined, { flags: { app }, env: { SAOLA_APPS_WEB_BACKLOG: '5' } })
    assert.equal(config.apps.web?.backlog, 5)
    assert.equal(config.apps.web?.app, join(folder, 'app.ts'))
    assert.equal(config.file, undefined)
    assert.equal(resolve(undefined, { env: { SAOLA_APPS_WEB_APP: app } }).config.apps.web?.app, join(folder, 'app.ts'))
  })

  it('take the application of the command line for the only one of the file', () => {
    const cwd = join(folder, 'conf')
    const { config } = resolve({ apps: { shop: { app, backlog: 3 } } }, { cwd, flags: { app: '../api.ts' } })
    assert.deepEqual([config.apps.shop?.app, config.apps.shop?.backlog], [join(folder, 'api.ts'), 3])
    assert.deepEqual(problemsOf(two, { flags: { app, workers: 2, bind: [':1'] } }), [
      'The application of the command line fits no single application: saola.config.ts has web, api. Set app there.',
      'The flag -w fits no single application: saola.config.ts has web, api. Set workers there.',
      'The flag -b fits no single application: saola.config.ts has web, api. Set listen there.',
    ])
  })

  it('give PORT and WEB_CONCURRENCY to the application that is called web', () => {
    const { config } = resolve(two, { env: { PORT: '81', WEB_CONCURRENCY: '3' } })
    assert.deepEqual(config.apps.web?.listen, [{ kind: 'tcp', host: '0.0.0.0', port: 81 }])
    assert.deepEqual(config.apps.web?.workers, { min: 3, max: 3 })
    assert.deepEqual(config.apps.api?.listen, [{ kind: 'tcp', host: '', port: 9000 }])
    const nameless = { apps: { a: { app }, b: { app, listen: ':1' } } }
    assert.deepEqual(resolve(nameless, { env: { PORT: '81' } }).warnings, [
      'PORT has no effect: none of the applications is called web.',
    ])
    assert.deepEqual(resolve(one(), { env: { PORT: '' } }).config.apps.web?.listen, [
      { kind: 'tcp', host: '127.0.0.1', port: 8000 },
    ])
  })
})

describe('a resolved configuration', () => {
  it('has durations in milliseconds, sizes in bytes, and absolute paths', () => {
    const { config } = resolve({
      ...one({ timeout: 5, accessLog: { file: 'a.log', maxBytes: '1kb' }, recycle: { memory: { soft: '80%' } } }),
      log: { file: 'saola.log' },
      pidFile: 'saola.pid',
      umask: '022',
      control: { socket: 'c.sock' },
    })
    const web = config.apps.web
    assert.equal(web?.timeout, 5000)
    assert.deepEqual(web?.accessLog, { format: 'json', file: join(folder, 'a.log'), maxBytes: 1024, backups: 10 })
    assert.deepEqual(web?.recycle.memory, { soft: { fraction: 0.8 } })
    assert.equal(web?.cwd, folder)
    assert.equal(config.log.file, join(folder, 'saola.log'))
    assert.equal(config.pidFile, join(folder, 'saola.pid'))
    assert.equal(config.umask, 0o022)
    assert.equal(config.control.socket, join(folder, 'c.sock'))
  })

  it('is named after the package, without its scope, or else the folder', () => {
    assert.equal(resolve(one()).config.name, basename(folder))
    writeFileSync(join(folder, 'package.json'), '{ "name": "@acme/My shop!" }')
    assert.equal(resolve(one()).config.name, 'My-shop-')
    writeFileSync(join(folder, 'package.json'), '{ broken')
    assert.equal(resolve(one()).config.name, basename(folder))
    rmSync(join(folder, 'package.json'))
    assert.equal(resolve({ name: 'shop', ...one() }).config.stateDir, join(folder, '.saola', 'shop'))
  })

  it('has a log for people on a terminal, and JSON elsewhere; the access log goes with it', () => {
    const formats = (value: object, tty: boolean) => {
      const { config } = resolve(value, { tty })
      return [config.log.format, accessFormatOf(config)]
    }
    assert.deepEqual(formats(one(), true), ['pretty', 'combined'])
    assert.deepEqual(formats(one(), false), ['json', 'json'])
    assert.deepEqual(formats({ ...one(), log: { file: 'x' } }, true), ['json', 'json'])
    assert.deepEqual(formats({ ...one(), log: { format: 'raw' } }, false), ['raw', 'combined'])
    assert.deepEqual(formats(one({ accessLog: '%(h)s' }), true), ['pretty', '%(h)s'])
    assert.equal(resolve(one({ accessLog: false })).config.apps.web?.accessLog, false)
  })

  it('has one worker, no watchdog and no access log in dev, unless it is asked for', () => {
    const { config, origins } = resolve(one({ workers: 8, timeout: '5s' }), { mode: 'dev' })
    const web = config.apps.web
    assert.deepEqual([web?.workers, web?.timeout, web?.accessLog], [{ min: 1, max: 1 }, 0, false])
    assert.equal(originOf(origins, 'apps.web.workers'), 'dev')
    const asked = resolve(one({ accessLog: 'json' }), { mode: 'dev', flags: { workers: 2 } }).config
    assert.deepEqual(asked.apps.web?.workers, { min: 2, max: 2 })
    assert.equal(accessFormatOf(asked), 'json')
  })

  it('comes with a warning for each setting without an effect', () => {
    const isRoot = process.getuid?.() === 0
    const value = one({
      sticky: { by: 'cookie' },
      recycle: { jitter: 5 },
      ready: { status: 204 },
      accessLog: { backups: 3 },
      user: 'nobody',
    })
    assert.deepEqual(resolve(value).warnings, [
      'apps.web.sticky has no effect: balance is "shared", not "sticky".',
      'apps.web.ready.status has no effect: ready.path is not set.',
      'apps.web.recycle.jitter has no effect: recycle.requests is not set.',
      ...(isRoot ? [] : ['apps.web.user has no effect: only root can run workers as another user.']),
      'apps.web.accessLog.backups has no effect: only a file is rotated.',
    ])
    const sticky = one({ balance: 'sticky', sticky: { cookie: 'c' } })
    assert.deepEqual(resolve(sticky).warnings, [
      'apps.web.sticky.cookie has no effect: sticky.by is "ip", not "cookie".',
    ])
    assert.deepEqual(resolve(one({ balance: 'sticky', recycle: { requests: 9, jitter: 1 } })).warnings, [])
  })
})

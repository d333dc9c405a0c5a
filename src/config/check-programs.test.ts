import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { ServerError } from '../base/errors.ts'
import type { LoadedConfig } from './config.ts'
import { originOf } from './draft.ts'
import { resolveConfig } from './resolve.ts'

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'saola-programs-')))
mkdirSync(join(folder, 'bin'))
for (const name of ['redis-server', 'gunicorn']) {
  writeFileSync(join(folder, 'bin', name), '#!/bin/sh\n')
  chmodSync(join(folder, 'bin', name), 0o755)
}
for (const name of ['app.ts', 'plain.sh', 'input']) writeFileSync(join(folder, name), '')
after(() => rmSync(folder, { recursive: true }))

const env = { PATH: join(folder, 'bin'), HOME: folder, DATA: 'data' }
const command = 'redis-server'
const isRoot = process.getuid?.() === 0

function load(value: object, variables: NodeJS.ProcessEnv = env): LoadedConfig {
  const request = { cwd: folder, flags: {}, env: variables, mode: 'start' } as const
  return resolveConfig(request, join(folder, 'saola.config.ts'), { value: structuredClone(value), problems: [] })
}

function problemsOf(value: object): readonly string[] {
  try {
    load(value)
    return []
  } catch (error) {
    assert.ok(error instanceof ServerError, String(error))
    return error.problems
  }
}

const one = (options: object) => ({ programs: { a: { command, ...options } } })

describe('a program that cannot be', () => {
  const cases: readonly (readonly [title: string, value: object, problem: string])[] = [
    [
      'a command that cannot be split',
      one({ command: `redis-server 'x` }),
      `programs.a.command expected a second ' for the one at character 14, got none.`,
    ],
    [
      'a command that needs a shell',
      one({ command: 'redis-server > log' }),
      'programs.a.command expected a command that needs no shell, got ">" at character 14: put it in quotes, or set shell: true.',
    ],
    [
      'words for a shell',
      one({ command: ['redis-server'], shell: true }),
      'programs.a.command expected one text for the shell, got a list of words.',
    ],
    [
      'a NUL character',
      one({ command: ['redis-server', 'a\0b'] }),
      'programs.a.command expected words without a NUL character.',
    ],
    [
      'a NUL character in a variable',
      one({ env: { KEY: 'a\0b' } }),
      'programs.a.env.KEY expected a text without a NUL character.',
    ],
    [
      'a missing binary',
      one({ command: 'redis-sever --port 1' }),
      'programs.a.command expected a command that can be run, got "redis-sever" (it is in no folder of PATH), did you mean redis-server?',
    ],
    [
      'a path of its own without it',
      one({ env: { PATH: '/nowhere:{env.HOME}' } }),
      'programs.a.command expected a command that can be run, got "redis-server" (it is in no folder of PATH).',
    ],
    [
      'a file that may not be executed',
      one({ command: './plain.sh' }),
      `programs.a.command expected a command that can be run, got "./plain.sh" (${folder}/plain.sh is not executable: chmod +x).`,
    ],
    [
      'a binary that only some instances have',
      one({ command: './bin/redis-server{instance}', instances: 2 }),
      `programs.a.command expected a command that can be run, got "./bin/redis-server0" (${folder}/bin/redis-server0 does not exist), did you mean redis-server?`,
    ],
    [
      'a probe without its command',
      one({ ready: { command: 'redis-cli ping' } }),
      'programs.a.ready.command expected a command that can be run, got "redis-cli" (it is in no folder of PATH).',
    ],
    [
      'a probe for a shell',
      one({ health: { command: 'redis-cli | grep' } }),
      'programs.a.health.command expected a command that needs no shell, got "|" at character 11: put it in quotes, or give it as ["/bin/sh", "-c", "…"].',
    ],
    [
      'a folder that is not there',
      one({ cwd: 'bim', command: './x' }),
      `programs.a.cwd expected a folder, got "bim" (${folder}/bim does not exist), did you mean bin?`,
    ],
    [
      'an input that is not there',
      one({ stdin: { file: 'imput' } }),
      `programs.a.stdin.file expected a file, got "imput" (${folder}/imput does not exist), did you mean input?`,
    ],
    [
      'a variable that is not set',
      one({ env: { A: '{env.NOPE}/{env.HOME}' } }),
      'programs.a.env.A expected the environment variable NOPE, got none for {env.NOPE}.',
    ],
    [
      'a variable in the program of a shell',
      one({ command: 'echo {env.HOME}', shell: true }),
      'programs.a.command expected "$HOME" for {env.HOME}: the shell puts the value in safely.',
    ],
    [
      'a pattern that is none',
      one({ ready: { log: '/(/' } }),
      'programs.a.ready.log expected a text or a pattern, got "/(/" (Unterminated group).',
    ],
    [
      'a host without a port',
      one({ ready: { tcp: 'localhost' } }),
      'programs.a.ready.tcp expected HOST:PORT or a port, got "localhost".',
    ],
    [
      'a port that becomes too high',
      one({ ready: { tcp: '127.0.0.1:6553{instance}' }, instances: 8 }),
      'programs.a.ready.tcp expected HOST:PORT or a port from 1 to 65535, got "127.0.0.1:65536".',
    ],
    [
      'a URL of another kind',
      one({ health: { http: 'ftp://x' } }),
      'programs.a.health.http expected a URL such as "http://127.0.0.1:9001/health", got "ftp://x".',
    ],
    [
      'a name that is taken',
      { programs: { store: { command } } },
      'programs.store expected a name of its own, got "store", which is that of the shared store.',
    ],
    [
      'the name of an application',
      { apps: { web: { app: './app.ts' } }, programs: { web: { command } } },
      'programs.web expected a name of its own, got "web", which is that of an application.',
    ],
    [
      'a name that is none',
      { programs: { 'a.b': { command } } },
      'programs["a.b"] expected a name of letters, digits, _ and -, which begins with a letter, got "a.b".',
    ],
    [
      'no command',
      { programs: { a: {} } },
      'programs.a needs command: what is run: one text, which is split into words as a shell would but without one, or its words.',
    ],
    [
      'the name that Supervisor has for a setting',
      one({ autorestart: true }),
      'programs.a.autorestart is unknown, did you mean programs.a.restart?',
    ],
    ['the name of PM2', one({ out_file: 'x' }), 'programs.a.out_file is unknown, did you mean programs.a.stdout.file?'],
    [
      'a setting in a wrong place',
      one({ memory: {} }),
      'programs.a.memory is unknown, did you mean programs.a.recycle.memory?',
    ],
    [
      'a setting at the top',
      { ...one({}), instances: 2 },
      'instances is unknown, did you mean programs.<name>.instances?',
    ],
    [
      'two forms of a probe',
      one({ ready: { tcp: 9000, http: 'http://127.0.0.1:9000/' } }),
      'programs.a.ready.http cannot stand beside the rest of programs.a.ready, which is of another form: take one of them.',
    ],
    [
      'an address of an application',
      { apps: { web: { app: './app.ts', listen: ':9000' } }, ...one({ listen: '127.0.0.1:9000' }) },
      'programs.a.listen expected an address of its own, got 127.0.0.1:9000, which apps.web has.',
    ],
    [
      'one address twice',
      { programs: { a: { command, listen: 'unix:{name}.sock' }, b: { command, listen: 'unix:a.sock' } } },
      'programs.b.listen expected an address of its own, got unix:a.sock, which programs.a has.',
    ],
  ]
  for (const [title, value, problem] of cases) {
    it(`is refused: ${title}`, () => assert.deepEqual(problemsOf(value), [problem]))
  }

  it('has all of its problems listed, each on one line', () => {
    const problems = problemsOf({
      programs: {
        a: { command: 'redis-sever', dependsOn: ['b'], restart: 'sometimes' },
        b: { command: './plain.sh', dependsOn: ['a'], ready: { log: '/(/' }, cwd: 'bin/..' },
        c: { command: 'a | b', env: { A: '{env.NOPE}' } },
      },
    })
    assert.deepEqual(
      problems.map(problem => problem.split(' expected')[0]),
      [
        'programs.a.restart',
        'programs.a.command',
        'programs.b.ready.log',
        'programs.b.command',
        'programs.c.env.A',
        'programs.c.command',
        'programs.a.dependsOn',
      ],
    )
  })

  it('is told of its user and group, when they could be had', { skip: isRoot ? false : 'it needs root' }, () => {
    assert.deepEqual(problemsOf(one({ user: 'nobdoy', group: 'nowhere-at-all' })), [
      'programs.a.user expected a user of this machine, got "nobdoy", did you mean nobody?',
      'programs.a.group expected a group of this machine, got "nowhere-at-all".',
    ])
    // Of the folder of this test nobody else has anything.
    assert.deepEqual(problemsOf(one({ user: 'nobody' })), [
      `programs.a.command expected a command that can be run, got "redis-server" (user 65534 may not enter the folder ${folder}).`,
    ])
  })
})

describe('a program that can be', () => {
  it('needs no application beside it', () => {
    const { config } = load(one({}))
    assert.deepEqual([Object.keys(config.apps), Object.keys(config.programs)], [[], ['a']])
  })

  it('has absolute paths, with all places filled but that of the instance', () => {
    const { config } = load(
      one({
        cwd: '{env.HOME}/bin',
        command: 'redis-server --dir {env.HOME} {name}-{instance}',
        env: { A: '{env.DATA}' },
        stdin: { file: './in{name}/../input' },
        stdout: { file: 'logs/{name}-{instance}.log' },
        stderr: { file: '{env.HOME}/err.log' },
        listen: ['unix:run/{name}-{instance}.sock', 'unix:{env.HOME}/x.sock', '127.0.0.1:0'],
      }),
    )
    const { cwd, command, env, stdin, stdout, stderr, listen } = config.programs.a ?? assert.fail('It is gone.')
    assert.deepEqual(
      { cwd, stdin, out: stdout?.file, err: typeof stderr === 'object' && stderr.file, listen },
      {
        cwd: `${folder}/bin`,
        stdin: { file: `${folder}/input` },
        out: `${folder}/logs/a-{instance}.log`,
        err: `${folder}/err.log`,
        listen: [
          { kind: 'unix', path: `${folder}/run/a-{instance}.sock` },
          { kind: 'unix', path: `${folder}/x.sock` },
          { kind: 'tcp', host: '127.0.0.1', port: 0 },
        ],
      },
    )
    // What may be secret is filled when it is needed.
    assert.deepEqual(
      { command, env },
      { command: 'redis-server --dir {env.HOME} {name}-{instance}', env: { A: '{env.DATA}' } },
    )
  })

  it('may wait for another one to make what it needs, but not for permissions', () => {
    const build = { command: 'gunicorn', restart: 'never', startSeconds: 0 }
    const made = (options: object) => ({
      programs: { build, a: { dependsOn: { build: 'completed' }, ...options } },
    })
    assert.deepEqual(problemsOf(made({ command: './dist/serve', cwd: 'made', stdin: { file: 'made/x' } })), [])
    assert.deepEqual(problemsOf(made({ command: './dist/serve' })), [])
    assert.equal(problemsOf(made({ command: './plain.sh' })).length, 1)
    assert.equal(problemsOf(made({ command: 'redis-sever' })).length, 1)
  })

  it('may give the whole text to a shell', () => {
    assert.deepEqual(problemsOf(one({ command: 'cd x && exec $Y {instance}', shell: true })), [])
  })
})

describe('a warning', () => {
  const warnings = (programs: object, apps = {}) => load({ apps, programs }).warnings

  it('tells of a dependency that nobody starts', () => {
    const web = { app: './app.ts', dependsOn: ['a'] }
    assert.deepEqual(warnings({ a: { command, autostart: false }, b: { command, dependsOn: ['a'] } }, { web }), [
      'apps.web.dependsOn waits until somebody starts a: it has autostart: false.',
      'programs.b.dependsOn waits until somebody starts a: it has autostart: false.',
    ])
  })

  it('tells of an end that may count as a failed start', () => {
    const b = { command, dependsOn: { a: 'completed' } }
    assert.deepEqual(warnings({ a: { command, startSeconds: 0 }, b }), [])
    assert.deepEqual(warnings({ a: { command }, b }), [
      'programs.b.dependsOn waits for the end of a, and if that ends sooner than its startSeconds, it counts as a failed start: ' +
        'set programs.a.startSeconds to 0.',
    ])
  })

  it('tells of settings without an effect', { skip: isRoot }, () => {
    assert.deepEqual(warnings(one({ user: 'nobody', group: 'nogroup' }).programs), [
      'programs.a.user has no effect: only root can run a program as another user.',
      'programs.a.group has no effect: only root can run a program as another group.',
    ])
  })

  it('tells of a question that Saola itself would answer', () => {
    const [warning, ...others] = warnings(
      one({ listen: ['unix:x', ':9000'], ready: { tcp: 'localhost:9000' } }).programs,
    )
    assert.equal(
      warning,
      'programs.a.ready.tcp says nothing: Saola itself listens there for it. Ask by http, command or log.',
    )
    assert.deepEqual(others, [])
    assert.deepEqual(warnings(one({ listen: ':9000', ready: { tcp: 9001 }, health: { tcp: 9002 } }).programs), [])
  })

  it('tells of a wait that never is', () => {
    const [warning] = warnings(one({ startRetries: 0, backoff: { growth: 'double' } }).programs)
    assert.equal(warning, 'programs.a.backoff has no effect: startRetries is 0.')
  })
})

describe('a setting of a program', () => {
  it('comes from the environment, too', () => {
    const variables = { ...env, SAOLA_PROGRAMS_A_INSTANCES: '3', SAOLA_PROGRAMS_A_RECYCLE_MEMORY_SOFT: '1GB' }
    const { config, origins } = load(one({}), variables)
    assert.deepEqual([config.programs.a?.instances, config.programs.a?.recycle.memory.soft], [3, 1024 ** 3])
    assert.equal(originOf(origins, 'programs.a.instances'), 'env SAOLA_PROGRAMS_A_INSTANCES')
  })
})

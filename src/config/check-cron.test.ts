import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { ServerError } from '../base/errors.ts'
import type { LoadedConfig } from './config.ts'
import { diffConfig, formatChange } from './diff.ts'
import { resolveConfig } from './resolve.ts'

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'saola-cron-')))
mkdirSync(join(folder, 'bin'))
writeFileSync(join(folder, 'bin', 'backup'), '#!/bin/sh\n', { mode: 0o755 })
writeFileSync(join(folder, 'cleanup.ts'), '')
after(() => rmSync(folder, { recursive: true }))

const env = { PATH: join(folder, 'bin'), HOME: folder }
const isRoot = process.getuid?.() === 0

function load(cron: object, isForElsewhere = false): LoadedConfig {
  const request = { cwd: folder, flags: {}, env, mode: 'start', isForElsewhere } as const
  return resolveConfig(request, join(folder, 'saola.config.ts'), { value: { cron }, problems: [] })
}

function problemsOf(cron: object, isForElsewhere = false): readonly string[] {
  try {
    load(cron, isForElsewhere)
    return []
  } catch (error) {
    assert.ok(error instanceof ServerError, String(error))
    return error.problems
  }
}

const good = { schedule: '0 3 * * *', command: 'backup' }

describe('an entry of cron that cannot be', () => {
  const expectedSchedule = 'five fields such as "0 3 * * *", six with seconds in front, or "@daily" and its like'
  const cases: readonly (readonly [title: string, entry: object, problem: string])[] = [
    [
      'no schedule',
      { command: 'backup' },
      'cron.a needs schedule: when it runs: five fields, six with seconds in front, or `@hourly`, `@daily`, `@weekly`, `@monthly`, `@yearly`.',
    ],
    [
      'a field too few',
      { ...good, schedule: '0 3 * *' },
      `cron.a.schedule expected ${expectedSchedule}, got "0 3 * *" (It has neither five nor six fields).`,
    ],
    [
      'an hour that no day has',
      { ...good, schedule: '0 25 * * *' },
      `cron.a.schedule expected ${expectedSchedule}, got "0 25 * * *" (Invalid value for hour: 25).`,
    ],
    [
      'a day that never comes',
      { ...good, schedule: '0 0 30 2 *' },
      'cron.a.schedule expected a time that comes, got "0 0 30 2 *".',
    ],
    [
      'a date',
      { ...good, schedule: '2030-01-01T00:00:00' },
      `cron.a.schedule expected ${expectedSchedule}, got "2030-01-01T00:00:00" (It has neither five nor six fields).`,
    ],
    [
      'a zone of another world',
      { ...good, timeZone: 'Mars/Olympus' },
      'cron.a.timeZone expected a time zone that this machine knows, such as "Europe/Berlin", got "Mars/Olympus".',
    ],
    [
      'a word of another program',
      { ...good, overlap: 'forbid' },
      'cron.a.overlap expected "skip", "queue" or "allow", got "forbid".',
    ],
    ['nothing to run', { schedule: '@daily' }, 'cron.a needs command or module: what is run.'],
    [
      'two things to run',
      { ...good, module: './cleanup.ts' },
      'cron.a.command and cron.a.module exclude each other. Remove one.',
    ],
    [
      'a missing command',
      { ...good, command: 'bakup --all' },
      'cron.a.command expected a command that can be run, got "bakup" (it is in no folder of PATH), did you mean backup?',
    ],
    [
      'a command that needs a shell',
      { ...good, command: 'backup | gzip' },
      'cron.a.command expected a command that needs no shell, got "|" at character 8: put it in quotes, or set shell: true.',
    ],
    [
      'a missing module',
      { schedule: '@daily', module: './clean.ts' },
      `cron.a.module expected a file, got "./clean.ts" (${folder}/clean.ts does not exist), did you mean cleanup.ts?`,
    ],
    [
      'a missing folder',
      { ...good, cwd: './bni' },
      `cron.a.cwd expected a folder, got "./bni" (${folder}/bni does not exist), did you mean bin?`,
    ],
    [
      'a variable that is not set',
      { ...good, env: { URL: '{env.NOWHERE}' } },
      'cron.a.env.URL expected the environment variable NOWHERE, got none for {env.NOWHERE}.',
    ],
    ['a typo', { ...good, timezone: 'UTC' }, 'cron.a.timezone is unknown, did you mean cron.a.timeZone?'],
    ['an option of programs', { ...good, restart: 'always' }, 'cron.a.restart is unknown.'],
  ]
  for (const [title, entry, problem] of cases) {
    it(title, () => assert.deepEqual(problemsOf({ a: entry }), [problem]))
  }

  it('a user and a group that do not exist', { skip: !isRoot && 'Only root can be somebody else.' }, () => {
    assert.deepEqual(problemsOf({ a: { ...good, user: 'nobdy', group: 'no-such-group' } }), [
      'cron.a.user expected a user of this machine, got "nobdy", did you mean nobody?',
      'cron.a.group expected a group of this machine, got "no-such-group".',
    ])
  })

  it('a name that nobody could write', () => {
    assert.deepEqual(problemsOf({ 'every day': good }), [
      'cron["every day"] expected a name of letters, digits, _ and -, which begins with a letter, got "every day".',
    ])
  })

  it('for another machine is held against how it is written alone', () => {
    const away = { ...good, command: 'elsewhere', cwd: './away', user: 'somebody-there' }
    assert.deepEqual(problemsOf({ a: away, b: { schedule: '@daily', module: './dist/job.js' } }, true), [])
    assert.equal(problemsOf({ a: { ...away, command: 'elsewhere | sort' }, b: { schedule: '@daily' } }, true).length, 2)
  })

  it('all problems of all entries are listed', () => {
    assert.equal(problemsOf({ a: { schedule: 'x', command: 'nope' }, b: { schedule: '@daily' }, c: good }).length, 3)
  })
})

describe('an entry of cron', () => {
  it('has its values, absolute paths and filled places', () => {
    const { cron } = load({
      a: { schedule: '@daily', module: './cleanup.ts', timeout: '10m', stdout: { file: '{env.HOME}/{name}.log' } },
    }).config
    const { module, timeout, overlap, catchUp, stdout, cwd } = cron.a ?? assert.fail()
    assert.deepEqual(
      [module, timeout, overlap, catchUp, cwd],
      [join(folder, 'cleanup.ts'), 600_000, 'skip', 'none', folder],
    )
    assert.equal(stdout?.file, join(folder, 'a.log'))
  })

  it('is compared setting by setting, and what changes counts at once', () => {
    const before = load({ a: good, gone: { schedule: '@daily', module: './cleanup.ts' } }).config
    const after = load({ a: { ...good, schedule: '0 4 * * *' }, b: good }).config
    assert.deepEqual(diffConfig(before, after).map(formatChange), [
      'cron.a.schedule: "0 3 * * *" -> "0 4 * * *" (live)',
      'cron.b: new, "backup"',
      `cron.gone: removed, was ${folder}/cleanup.ts`,
    ])
    assert.deepEqual(new Set(diffConfig(before, after).map(({ effect }) => effect)), new Set(['live']))
  })

  it('says what has no effect', () => {
    const { warnings } = load({ a: { schedule: '@daily', module: './cleanup.ts', shell: true } })
    assert.deepEqual(warnings, ['cron.a.shell has no effect: a module needs none.'])
  })
})

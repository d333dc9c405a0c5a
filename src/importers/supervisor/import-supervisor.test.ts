import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { plainSource } from '../../../test/support/plain-source.ts'
import { formatNote } from '../report.ts'
import { importSupervisor } from './import-supervisor.ts'

const folder = mkdtempSync(join(tmpdir(), 'saola-supervisor-'))
after(() => rmSync(folder, { recursive: true }))

interface Result {
  readonly config: Record<string, unknown>
  readonly programs: Record<string, Record<string, unknown>>
  /** Of each note its setting and what is said. */
  readonly notes: readonly string[]
}

function read(text: string, target = folder): Result {
  writeFileSync(join(folder, 'supervisord.conf'), text)
  const { source, notes } = importSupervisor('supervisord.conf', { cwd: folder, target })
  const { programs, ...config } = plainSource(source.config)
  return {
    config,
    programs: programs as Record<string, Record<string, unknown>>,
    notes: notes.map(note => formatNote(note).replace(/^supervisord\.conf:\d+ {2}/, '')),
  }
}

/** What the lines make of a program, without what every program has. */
function program(lines: string, head = '') {
  const { programs, notes } = read(`${head}\n[program:p]\ncommand=run\n${lines}`)
  const { command: _, stopMode, ...rest } = programs.p ?? {}
  return { made: { ...rest, ...(stopMode === 'process' ? {} : { stopMode: 'group' }) }, notes }
}

test('every key of a program becomes the option that means the same', () => {
  const cases: readonly [lines: string, made: Record<string, unknown>][] = [
    // Defaults that are the same are not written.
    ['autostart=true\nstartsecs=1\nstartretries=3\nautorestart=unexpected\nexitcodes=0\nstopsignal=TERM', {}],
    ['stopwaitsecs=10\nnumprocs=1\npriority=999\nredirect_stderr=false\nstdout_logfile=AUTO\nkillasgroup=true', {}],
    ['process_name=%(program_name)s\nstdout_capture_maxbytes=0\nstdout_events_enabled=no\nstderr_syslog=off', {}],
    ['autostart=no', { autostart: false }],
    ['autorestart=TRUE', { restart: 'always' }],
    ['autorestart=false', { restart: 'never' }],
    ['exitcodes=0,2', { successExitCodes: [0, 2] }],
    // They mean nothing when it is always started again.
    ['exitcodes=0,2\nautorestart=1', { restart: 'always' }],
    ['startsecs=0\nstartretries=0', { startSeconds: 0, startRetries: 0 }],
    ['startsecs=90\nstopwaitsecs=3600', { startSeconds: '90s', stopTimeout: '1h' }],
    ['stopsignal=sigquit', { stopSignal: 'QUIT' }],
    ['stopsignal=10', { stopSignal: 'USR1' }],
    ['stopasgroup=true', { stopMode: 'group' }],
    ['priority=5', { priority: 5 }],
    ['user=www-data\numask=077\ndirectory=/srv/app', { user: 'www-data', umask: '077', cwd: '/srv/app' }],
    ['directory=%(here)s/app', { cwd: './app' }],
    ['directory=%(here)s', {}],
    ['directory=%(ENV_ROOT)s/app', { cwd: '{env.ROOT}/app' }],
    ['redirect_stderr=true\nstderr_logfile=/x', { stderr: 'stdout' }],
    ['stdout_logfile=/x.log\nstdout_logfile_maxbytes=1GB', { stdout: { file: '/x.log', maxBytes: '1GB' } }],
    ['stdout_logfile=/x.log\nstdout_logfile_maxbytes=0', { stdout: { file: '/x.log', maxBytes: 0 } }],
    ['stdout_logfile=/x.log\nstdout_logfile_backups=0', { stdout: { file: '/x.log', backups: 0 } }],
    ['stderr_logfile=NONE', { stderr: { file: '/dev/null', maxBytes: 0 } }],
    [
      'stdout_logfile=off\nstderr_logfile=off',
      { stdout: { file: '/dev/null', maxBytes: 0 }, stderr: { file: '/dev/null', maxBytes: 0 } },
    ],
    ['stdout_logfile=~/%(program_name)s.log', { stdout: { file: '{env.HOME}/p.log' } }],
    ['environment=A="1, 2",B=x,C=\'%%\'', { env: { A: '1, 2', B: 'x', C: '%' } }],
    [
      'environment=A="%(ENV_HOME)s/bin",B="%(here)s/lib"',
      { env: { A: '{env.HOME}/bin', B: '``${import.meta.dirname}/lib``' } },
    ],
  ]
  for (const [lines, made] of cases) assert.deepEqual(program(lines), { made, notes: [] }, lines)
})

test("several processes are instances, with their numbers in the place of supervisord's", () => {
  const { programs, notes } = read(`[program:w]
command=serve --port 80%(process_num)02d --of %(numprocs)d %(group_name)s
process_name=%(program_name)s_%(process_num)02d
numprocs=8
environment=N="%(process_num)d"
directory=/srv/%(process_num)d
stdout_logfile=/log/%(program_name)s_%(process_num)02d.log`)
  assert.deepEqual(programs, {
    w: {
      command: 'serve --port 800{instance} --of 8 w',
      instances: 8,
      cwd: '/srv/{instance}',
      env: { N: '{instance}' },
      stopMode: 'process',
      stdout: { file: '/log/w_0{instance}.log' },
    },
  })
  assert.deepEqual(notes, ['[program:w] process_name=%(program_name)s_%(process_num)02d: Saola calls them w:0 to w:7'])
})

test('processes whose numbers cannot be counted from 0 are programs of their own', () => {
  const { programs, notes } = read(`[program:w]
command=serve %(process_num)02d
process_name=w-%(process_num)d
numprocs=2
numprocs_start=9
stdout_logfile=/log/%(process_num)d.log`)
  const of = (number: string, file: string) => ({ command: `serve ${number}`, stopMode: 'process', stdout: { file } })
  assert.deepEqual(programs, { 'w-9': of('09', '/log/9.log'), 'w-10': of('10', '/log/10.log') })
  assert.deepEqual(notes, [
    '[program:w] numprocs_start=9: the number is more than {instance}, which counts from 0: so there are 2 programs',
  ])
})

test('what there is nothing for is said with its line', () => {
  const cases: readonly [lines: string, note: string][] = [
    ['killasgroup=false', 'killasgroup=false: what is killed is killed with all that it has started'],
    [
      'stopsignal=WINCH',
      'stopsignal=WINCH: left out; stopSignal is one of TERM, HUP, INT, QUIT, KILL, USR1, USR2: TERM is sent',
    ],
    [
      'stdout_capture_maxbytes=1MB',
      'stdout_capture_maxbytes=1MB: no equivalent; nothing is captured between tags of the output',
    ],
    [
      'stderr_syslog=true',
      "stderr_syslog=true: no equivalent; Saola's own output is what systemd puts into the journal",
    ],
    ['serverurl=AUTO', 'serverurl=AUTO: no equivalent; SUPERVISOR_SERVER_URL and its kin are not set for programs'],
    ['autostart=perhaps', 'autostart=perhaps: left out; supervisord expects true or false here'],
    ['startsecs=1.5', 'startsecs=1.5: left out; supervisord expects a whole number here'],
    [
      'numprocs=%(ENV_N)s',
      'numprocs=%(ENV_N)s: left out; it is known only where it runs: write it into the configuration',
    ],
    ['exitcodes=300', 'exitcodes=300: left out; supervisord expects numbers from 0 to 255, such as 0,2'],
    [
      'stdout_logfile_size=1',
      'stdout_logfile_size=1: left out; supervisord does not know it either, did you mean stdout_logfile?',
    ],
    ['user=%(nobody)s', 'user=%(nobody)s: left out; supervisord knows no %(nobody)s here'],
    ['environment=A', 'environment: left out; it is not KEY="value",KEY2="value2", and the rest of it was left out'],
    ['constructor=1', 'constructor=1: left out; supervisord does not know it either'],
    ['autostart=valueOf', 'autostart=valueOf: left out; supervisord expects true or false here'],
    ['numprocs=0', 'numprocs=0: instances is from 1 to 1024'],
  ]
  for (const [lines, note] of cases) assert.deepEqual(program(lines).notes, [`[program:p] ${note}`], lines)
})

test('the section of supervisord itself is that of the tree, and of what all programs have', () => {
  const { config, programs, notes } = read(`[supervisord]
directory=%(here)s/app
logfile=log/s.log
logfile_backups=2
loglevel=trace
pidfile=/run/s.pid
umask=002
user=app
environment=MODE="live"
nodaemon=true
[program:a]
command=%(here)s/bin/a --mode %(ENV_MODE)s
[program:b]
command=b
user=other
environment=X="%(ENV_MODE)s"
directory=sub
stdout_logfile=b.log`)
  assert.deepEqual(config, {
    log: { level: 'debug', file: './app/log/s.log', backups: 2 },
    pidFile: '/run/s.pid',
    umask: '002',
  })
  assert.deepEqual(programs, {
    a: { command: '../bin/a --mode live', cwd: './app', env: '`environment`', user: 'app', stopMode: 'process' },
    b: {
      command: 'b',
      cwd: './app/sub',
      env: { '...environment': '', X: 'live' },
      user: 'other',
      stopMode: 'process',
      stdout: { file: './app/b.log' },
    },
  })
  assert.deepEqual(notes, [
    '[supervisord] loglevel=trace: the nearest level is debug',
    '[supervisord] user=app: it is the user of each program that has none; Saola itself stays who started it: User= of systemd',
  ])
})

test('a FastCGI program gets its socket where it looks for it', () => {
  const { programs, notes } = read(`[fcgi-program:php]
command=php-cgi -c "a b"
socket=unix:///run/%(program_name)s.sock
socket_mode=0700
numprocs=2
process_name=%(process_num)d`)
  assert.deepEqual(programs.php, {
    command: ['/bin/sh', '-c', 'exec "$@" <&3', 'sh', 'php-cgi', '-c', 'a b'],
    instances: 2,
    listen: 'unix:/run/php.sock',
    stopMode: 'process',
  })
  assert.equal(notes[0], '[fcgi-program:php] socket_mode=0700: no equivalent; the socket is open to the user of Saola')
})

test('programs of groups keep their order, and each section that is left says why', () => {
  const { programs, notes } = read(`[program:a]
command=a
priority=2
[program:b]
command=b
[group:g]
programs=b, c
priority=1
[eventlistener:mail]
command=crashmail
[rpcinterface:x]
[unknown]
a=b`)
  assert.deepEqual([programs.a?.priority, programs.b?.priority], [2, 1])
  assert.deepEqual(notes, [
    '[group:g] programs=b, c: no equivalent; there are no groups: "saola restart" and "saola stop" take one name, and here they are b and c',
    '[group:g] programs=b, c: left out; there is no program c',
    '[eventlistener:mail]: no equivalent; "saola events" prints each change of a state as JSON',
    '[rpcinterface:x]: no equivalent; instead of XML-RPC, commands of saola print JSON with --json',
    '[unknown]: left out; no section of supervisord has this name',
  ])
})

test('a variable that may hold several words is one here', () => {
  const { programs, notes } = read('[program:a]\ncommand=a %(ENV_OPTS)s --x=%(ENV_X)s')
  assert.equal(programs.a?.command, 'a {env.OPTS} --x={env.X}')
  assert.equal(notes.length, 1)
  assert.match(notes[0] ?? '', /\{env\.OPTS\} stays one word/)
})

test('relative paths are said to count from elsewhere when the configuration is not beside the file', () => {
  const text = '[program:a]\ncommand=%(here)s/a\nstdout_logfile=a.log\nstderr_logfile=b.log'
  const { programs, notes } = read(text, '/etc/saola')
  assert.deepEqual(programs.a?.command, `${folder}/a`)
  assert.equal(
    notes.filter(note => note.includes('a relative path counts from the folder of the configuration')).length,
    1,
  )
  assert.deepEqual(read(text).notes, [])
})

test('passwords are not shown', () => {
  const { notes } = read(
    '[program:a]\ncommand=a\nenvironment=KEY=hunter2,\n[inet_http_server]\nport=1\npassword=hunter2',
  )
  assert.doesNotMatch(notes.join('\n'), /hunter2/)
})

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { plainSource } from '../../../test/support/plain-source.ts'
import { formatNote } from '../report.ts'
import { importGunicorn } from './import-gunicorn.ts'
import { gunicornSettings, settingOfFlag } from './settings.ts'

const folder = mkdtempSync(join(tmpdir(), 'saola-gunicorn-'))
after(() => rmSync(folder, { recursive: true }))

type Made = Record<string, unknown>

function read(text: string | undefined, { command, hasApp = true }: { command?: string; hasApp?: boolean } = {}) {
  const file = text === undefined ? undefined : 'gunicorn.conf.py'
  rmSync(join(folder, 'gunicorn.conf.py'), { force: true })
  if (file !== undefined) writeFileSync(join(folder, file), text ?? '')
  const { source, notes } = importGunicorn({
    cwd: folder,
    target: folder,
    file,
    command,
    app: hasApp ? 'm:a' : undefined,
  })
  const config = plainSource(source.config) as { apps: { web: Made }; programs: { gunicorn: Made } }
  return {
    web: config.apps.web,
    gunicorn: config.programs.gunicorn,
    notes: notes.map(note => formatNote(note).replace(/^gunicorn\.conf\.py:\d+ {2}/, '')),
  }
}

const front = { limits: { bodyBytes: 0 }, proxy: { '/': 'program:gunicorn' } }
const edge = (more: Made = {}) => ({ dependsOn: ['gunicorn'], edge: { ...more, ...front } })
// Nobody but its own machine reaches Gunicorn's default address, and that it believes.
const local = edge({ trust: ['loopback'] })

test('what the edge does from now on becomes its settings', () => {
  const cases: readonly [lines: string, web: Made][] = [
    ['', { ...local, accessLog: false }],
    ['bind = "127.0.0.1:8000"\nbacklog = 2048', { ...local, accessLog: false }],
    ['bind = "0.0.0.0"\nbacklog = 64', { listen: '0.0.0.0:8000', backlog: 64, ...edge(), accessLog: false }],
    ['bind = ["tcp://:80", "[::]:81"]', { listen: [':80', '[::]:81'], ...edge(), accessLog: false }],
    ['bind = "unix:///run/a.sock"', { listen: 'unix:/run/a.sock', ...edge({ trust: ['unix'] }), accessLog: false }],
    ['bind = "fd://3"\nkeepalive = 5', { listen: 'fd://3', keepAlive: '5s', ...edge(), accessLog: false }],
    ['accesslog = "-"', { ...local, accessLog: 'combined' }],
    ['accesslog = "a.log"\naccess_log_format = "%(h)s"', { ...local, accessLog: { file: 'a.log', format: '%(h)s' } }],
    ['chdir = "/srv"\naccesslog = "a.log"', { ...local, accessLog: { file: '/srv/a.log', format: 'combined' } }],
    ['forwarded_allow_ips = "127.0.0.1,::1"', { ...local, accessLog: false }],
    ['forwarded_allow_ips = ["10.0.0.0/8"]', { ...edge({ trust: ['10.0.0.0/8'] }), accessLog: false }],
    ['user = 33\ngroup = "www"', { user: 33, group: 'www', ...local, accessLog: false }],
    [
      'certfile = "c"\nkeyfile = "k"\nca_certs = "ca"\ncert_reqs = 2\nciphers = "X"',
      {
        ...local,
        tls: { cert: 'c', key: 'k', clientCertificate: 'required', ca: 'ca', ciphers: 'X' },
        accessLog: false,
      },
    ],
    [
      'timeout = 120\nlimit_request_fields = 50',
      {
        dependsOn: ['gunicorn'],
        edge: {
          trust: ['loopback'],
          limits: { headers: 50, bodyBytes: 0 },
          proxy: { '/': { to: 'program:gunicorn', timeouts: { firstByte: '2m' } } },
        },
        accessLog: false,
      },
    ],
  ]
  for (const [lines, web] of cases) assert.deepEqual(read(lines).web, web, lines)
})

const start = 'gunicorn -c gunicorn.conf.py -b 127.0.0.1:9001'

test('Gunicorn keeps its file, and is told what has to be different behind the edge', () => {
  const cases: readonly [lines: string, command: string, more?: Made][] = [
    ['workers = 4\ntimeout = 10', `${start} m:a`],
    ['bind = ":9001"', `${start.replace('9001', '9002')} m:a`, { ready: { tcp: '127.0.0.1:9002' } }],
    ['certfile = "c"', `${start} --certfile= --keyfile= m:a`],
    ['accesslog = "-"', `${start} --access-logfile=/dev/null m:a`],
    ['forwarded_allow_ips = "*"', `${start} --forwarded-allow-ips=127.0.0.1 m:a`],
    ['protocol = "uwsgi"', `${start} --protocol=http m:a`],
    ['worker_class = "gevent"', `${start} --keep-alive=5 m:a`],
    ['threads = 4\nkeepalive = 4', `${start} --keep-alive=5 m:a`],
    ['worker_class = "gthread"\nkeepalive = 75', `${start} m:a`],
    ['graceful_timeout = 60', `${start} m:a`, { stopTimeout: '65s' }],
  ]
  for (const [lines, command, more = {}] of cases) {
    const expected = { command, stopMode: 'process', stopTimeout: '35s', ready: { tcp: '127.0.0.1:9001' }, ...more }
    assert.deepEqual(read(lines).gunicorn, expected, lines)
  }
  assert.equal(read('wsgi_app = "m:a"', { hasApp: false }).gunicorn.command, start)
})

test('a command line is read like a file, comes before it, and keeps what is its own', () => {
  const command =
    'A=1 venv/bin/gunicorn -w8 --bind :4000 -b=:4001 -k gevent --log-file=- --access-logfile - --preload x:y'
  const { web, gunicorn } = read(undefined, { command, hasApp: false })
  assert.deepEqual(web, { listen: [':4000', ':4001'], ...edge(), accessLog: 'combined' })
  assert.equal(
    gunicorn.command,
    'venv/bin/gunicorn -w8 -k gevent --log-file=- --preload -b 127.0.0.1:9001 --access-logfile=/dev/null --keep-alive=5 x:y',
  )
  assert.deepEqual(gunicorn.env, { A: '1' })
  const both = read('bind = ":1"\nworkers = 2', { command: 'python3 -m gunicorn -c gunicorn.conf.py --bind=:2 x:y' })
  assert.equal(both.web.listen, ':2')
  assert.equal(both.gunicorn.command, 'python3 -m gunicorn -c gunicorn.conf.py -b 127.0.0.1:9001 m:a')
  for (const wrong of ['nginx', 'gunicorn "x', '']) {
    assert.throws(() => read(undefined, { command: wrong }), { code: 'ERR_USAGE' })
  }
})

test("what is not Gunicorn's, or cannot be read, is said", () => {
  const cases: readonly [lines: string, note: string][] = [
    [
      'logfile = "x"',
      'logfile = "x": left out; Gunicorn has no setting logfile, and ignores it; did you mean errorlog?',
    ],
    ['wrokers = 2', 'wrokers = 2: left out; Gunicorn has no setting wrokers, and ignores it; did you mean workers?'],
    [
      'bind = read()',
      'bind = read(): left out; it cannot be read without running Python: write it into the configuration',
    ],
    [
      'from base import *',
      'from base import *: left out; it may set anything, and cannot be read without running Python',
    ],
    [
      'workers = count()',
      'workers = count(): hint: it cannot be read without running Python; Gunicorn goes on reading it',
    ],
    [
      'daemon = True',
      'daemon = True: no equivalent; a program that goes to the background looks as if it had ended. Remove it',
    ],
    ['keepalive = "5"', 'keepalive = "5": left out; a number was expected'],
    ['def on_exit(server): pass', 'def on_exit(server): pass: hint: Gunicorn goes on calling it'],
  ]
  for (const [lines, note] of cases) assert.deepEqual(read(lines).notes, [note])
  // Steps on the way, and what stays as it is, need no word.
  assert.deepEqual(
    read('port = 80\n_x = 1\nbind = f":{port}"\nworkers = 3\nmax_requests = 9\nreload = False').notes,
    [],
  )
})

test('an application is needed, and asked for', () => {
  assert.throws(() => read('workers = 1', { hasApp: false }), {
    code: 'ERR_IMPORT_UNREADABLE',
    message: /it has no wsgi_app\. Say what runs: --app module:app/,
  })
})

test('each flag is of one setting', () => {
  const flags = Object.values(gunicornSettings).flatMap(setting => setting.flags)
  assert.equal(new Set(flags).size, flags.length)
  assert.equal(settingOfFlag('--log-file'), 'errorlog')
  assert.ok(Object.keys(gunicornSettings).length > 110)
})

import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { plainSource } from '../../../test/support/plain-source.ts'
import { formatNote } from '../report.ts'
import { importPm2 } from './import-pm2.ts'
import { readEcosystem } from './read-ecosystem.ts'

const folder = mkdtempSync(join(tmpdir(), 'saola-pm2-'))
after(() => rmSync(folder, { recursive: true }))
mkdirSync(join(folder, 'bin'))
for (const [name, text] of Object.entries({
  'server.js': 'require("http").createServer().listen(process.env.PORT || 3456)',
  'quiet.js': '',
  'bin/www': '#!/usr/bin/env node\n',
  'bin/agent': '\x7fELF\0',
})) {
  writeFileSync(join(folder, name), text)
}

type Part = Record<string, Record<string, unknown>>

interface Result {
  readonly apps: Part
  readonly programs: Part
  readonly cron: Part
  readonly notes: readonly string[]
}

async function read(apps: readonly object[], { env, target = folder }: { env?: string; target?: string } = {}) {
  writeFileSync(join(folder, 'process.json'), JSON.stringify({ apps }))
  const { source, notes } = await importPm2('process.json', { cwd: folder, target, env })
  const { apps: made = {}, programs = {}, cron = {} } = plainSource(source.config)
  const said = notes.map(note => formatNote(note).replace(/^process\.json:1 {2}/, ''))
  return { apps: made, programs, cron, notes: said } as Result
}

const always = { restart: 'always', stopSignal: 'INT' }

test('a script in fork mode becomes a program with the command that PM2 would run', async () => {
  const cases: readonly [app: object, made: object][] = [
    [{ script: 'quiet.js' }, { command: 'node quiet.js', ...always }],
    [
      { exec: 'quiet.js', args: 'a --b="c d"' },
      { command: ['node', 'quiet.js', 'a', '--b=c d'], ...always },
    ],
    [
      { script: 'quiet.js', nodeArgs: ['--inspect'] },
      { command: 'node --inspect quiet.js', ...always },
    ],
    [{ script: 'w.rb' }, { command: 'ruby w.rb', ...always }],
    [{ script: 'bin/www' }, { command: 'node bin/www', ...always }],
    [
      { script: './bin/agent', args: 'x' },
      { command: './bin/agent x', ...always },
    ],
    [
      { script: 'npm', args: 'start' },
      { command: 'npm start', ...always },
    ],
    [{ cmd: 'npm run jobs' }, { command: 'npm run jobs', ...always }],
    [{ script: 'a | b && c' }, { command: 'a | b && c', shell: true, ...always }],
    [
      { script: 'x', interpreter: 'none' },
      { command: 'x', ...always },
    ],
    [
      { script: 'x.js', interpreter: '/opt/node/bin/node' },
      { command: '/opt/node/bin/node x.js', ...always },
    ],
    [
      { script: 'w.py', interpreter: 'python3' },
      { command: 'python3 w.py', env: { PYTHONUNBUFFERED: '1' }, ...always },
    ],
  ]
  for (const [app, made] of cases) {
    const { programs, notes } = await read([{ name: 'p', ...app }])
    assert.deepEqual(programs, { p: made }, JSON.stringify(app))
    assert.deepEqual(notes, [])
  }
})

test('every option of a program becomes the one that means the same', async () => {
  const cases: readonly [app: object, made: object][] = [
    [{ autorestart: false }, { restart: 'never' }],
    [
      { autorestart: false, autostart: false },
      { autostart: false, restart: 'never' },
    ],
    [{ stop_exit_codes: [0, 3] }, { restart: undefined, successExitCodes: [0, 3] }],
    [{ stopExitCodes: 143 }, { restart: undefined, successExitCodes: [143] }],
    [{ max_memory_restart: '300M' }, { recycle: { memory: { soft: '300MB' } } }],
    [
      { min_uptime: '5m', max_restarts: 7 },
      { startSeconds: '5m', startRetries: 7 },
    ],
    [{ min_uptime: 1000, max_restarts: 3 }, {}],
    [
      { kill_timeout: 5000, treekill: false },
      { stopMode: 'process', stopTimeout: '5s' },
    ],
    [
      { user: 'app', gid: 33 },
      { user: 'app', group: '33' },
    ],
    [{ cwd: './bin' }, { cwd: './bin' }],
    [{ env: { A: 1, B: { c: true }, D: null } }, { env: { A: '1', B: '{"c":true}' } }],
    [{ port: 80, env: { A: '1' } }, { env: { A: '1', PORT: '80' } }],
    [{ out_file: '/dev/null' }, { stdout: { file: '/dev/null', maxBytes: 0 } }],
    [{ error: 'NULL', out: '/dev/stdout' }, { stderr: { file: '/dev/null', maxBytes: 0 } }],
    [{ disable_logs: true }, { stdout: { file: '/dev/null', maxBytes: 0 }, stderr: 'stdout' }],
    [{ instances: 2 }, { instances: 2, env: { NODE_APP_INSTANCE: '{instance}' } }],
    [
      { instances: 2, instance_var: 'N' },
      { instances: 2, env: { N: '{instance}' } },
    ],
    [
      { instances: 2, increment_var: 'P', env: { P: 90 } },
      { instances: 2, env: { P: '9{instance}', NODE_APP_INSTANCE: '{instance}' } },
    ],
    [{ pmx: false, vizion: false, force: true, watch: false, automation: false }, {}],
  ]
  for (const [app, made] of cases) {
    const { programs, notes } = await read([{ name: 'p', script: 'quiet.js', exec_mode: 'fork', ...app }])
    const { command: _, ...rest } = programs.p ?? {}
    const { env, ...wanted } = { ...always, ...made } as Record<string, unknown>
    const expected = Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined))
    assert.deepEqual(rest, env === undefined ? expected : { ...expected, env }, JSON.stringify(app))
    assert.deepEqual(
      notes.filter(note => !/p\.(env|port)/.test(note) && !note.includes('hint: ')),
      [],
      JSON.stringify(app),
    )
  }
})

test('a script in cluster mode becomes an application with as many workers', async () => {
  const cases: readonly [app: object, made: object][] = [
    [{ instances: 'max', exec_mode: 'cluster' }, {}],
    [{ instances: 0 }, {}],
    [{ instances: '4' }, { workers: 4 }],
    [{ instances: -1 }, { workers: '`Math.max(1, availableParallelism() - 1)`' }],
    [{ exec_mode: 'cluster_mode' }, { workers: 1 }],
    [
      { instances: 0, node_args: '--no-warnings', source_map_support: true },
      { node: ['--no-warnings', '--enable-source-maps'] },
    ],
    [
      { instances: 0, listen_timeout: 8000, kill_timeout: 3000 },
      { bootTimeout: '8s', graceful: { timeout: '3s' } },
    ],
    [{ instances: 0, max_memory_restart: 1048576 }, { recycle: { memory: { soft: '1MB' } } }],
    [{ instances: 0, max_restarts: 10 }, {}],
  ]
  for (const [app, made] of cases) {
    const { apps, notes } = await read([{ name: 'web', script: './server.js', ...app }])
    assert.deepEqual(apps.web, { app: './server.js', listen: ':3456', ...made }, JSON.stringify(app))
    assert.deepEqual(notes, ['web.script=./server.js: server.js:1 seems to listen on 3456, which became listen'])
  }
})

test('where an application listens is its PORT, what its script says, or to be chosen', async () => {
  const { apps, notes } = await read(
    [
      { name: 'a', script: 'quiet.js', instances: 1, port: 81 },
      { name: 'b', script: 'quiet.js', instances: 1, env: { PORT: 82, HOST: '127.0.0.1' } },
      { name: 'c', script: 'quiet.js', instances: 1, env: { PORT: 82 }, env_live: { PORT: 83 } },
      { name: 'd', script: 'quiet.js', instances: 1 },
      { name: 'e', script: 'none.js', instances: 1 },
    ],
    { env: 'live' },
  )
  assert.deepEqual(
    Object.values(apps).map(({ listen }) => listen),
    [':81', '127.0.0.1:82', ':83', '127.0.0.1:8000', '127.0.0.1:8001'],
  )
  assert.equal(notes.filter(note => note.includes('the port that it listens on cannot be seen')).length, 2)
})

test('what an application cannot do is said', async () => {
  const { apps, notes } = await read([
    {
      name: 'web',
      script: 'server.js',
      instances: 2,
      autorestart: false,
      stop_exit_codes: [1],
      wait_ready: true,
      increment_var: 'PORT',
      autostart: false,
      error_file: 'e.log',
      log_file: 'all.log',
    },
  ])
  assert.deepEqual(apps.web?.stderr, { file: 'e.log' })
  assert.deepEqual(
    notes.map(note => note.split(':')[0]),
    [
      'web.log_file=all.log',
      'web.error_file=e.log',
      'web.error_file=e.log',
      'web.wait_ready=true',
      'web.autorestart=false',
      'web.stop_exit_codes=[1]',
      'web.autostart=false',
      'web.increment_var=PORT',
      'web.script=server.js',
    ],
  )
})

test('words that every object knows mean nothing', async () => {
  const text =
    '{ "apps": [{ "script": "quiet.js", "constructor": 1, "__proto__": {}, "toString": "x" }], "valueOf": 1 }'
  writeFileSync(join(folder, 'odd.json'), text)
  const { source, notes } = await importPm2('odd.json', { cwd: folder, target: folder, env: 'constructor' })
  assert.deepEqual(plainSource(source.config), { programs: { quiet: { command: 'node quiet.js', ...always } } })
  assert.deepEqual(notes.map(({ setting, text }) => `${setting}: ${text}`).sort(), [
    '--env constructor: no application has env_constructor',
    'quiet.__proto__={}: PM2 does not know it either',
    'quiet.constructor=1: PM2 does not know it either',
    'quiet.toString=x: PM2 does not know it either',
    'valueOf: PM2 does not know it either',
  ])
})

test('an application with arguments is one program, and an unknown key is named', async () => {
  const { programs, notes } = await read([{ name: 'p', script: 'server.js', instances: 4, args: 'start', intances: 2 }])
  assert.deepEqual(programs.p, { command: 'node server.js start', ...always })
  assert.equal(notes.length, 3)
  assert.match(notes.join('\n'), /p\.args=start: an application of Saola has no arguments/)
  assert.match(notes.join('\n'), /p\.intances=2: left out; PM2 does not know it either, did you mean instances\?/)
})

test('times become jobs of cron: of the program itself, or of a command that restarts it', async () => {
  const { programs, cron } = await read([
    { name: 'a', script: 'a.sh', autorestart: false, cron_restart: '0 3 * * *', cwd: 'bin' },
    { name: 'b', script: 'quiet.js', cron: '@daily' },
    { name: 'c', script: 'quiet.js', cron_restart: '0' },
  ])
  assert.deepEqual(cron, {
    a: { schedule: '0 3 * * *', command: 'bash a.sh', cwd: './bin' },
    'restart-b': { schedule: '@daily', command: 'npx saola restart b' },
  })
  assert.deepEqual(Object.keys(programs), ['b', 'c'])
})

test("PM2's own server of files is the edge", async () => {
  const env = { PM2_SERVE_PATH: './bin', PM2_SERVE_PORT: 8080, PM2_SERVE_SPA: 'true', PM2_SERVE_BASIC_AUTH: 'true' }
  const { apps, notes } = await read([{ name: 'site', script: 'serve', env }])
  assert.deepEqual(apps.site, {
    listen: ':8080',
    edge: { static: { '/': { dir: './bin', fallback: '/index.html' } } },
  })
  assert.equal(notes.length, 1)
})

test('paths are those of the folder of the ecosystem file, wherever the configuration is', async () => {
  const apps = [
    { name: 'a', script: 'quiet.js', out_file: 'a.log' },
    { name: 'b', script: 'quiet.js', cwd: '/opt/b', instances: 1 },
  ]
  const made = await read(apps, { target: '/etc/saola' })
  assert.deepEqual([made.programs.a?.cwd, made.programs.a?.stdout], [folder, { file: `${folder}/a.log` }])
  assert.deepEqual([made.apps.b?.app, made.apps.b?.cwd], ['/opt/b/quiet.js', '/opt/b'])
})

test('every form of an ecosystem file is read', async () => {
  const forms: Record<string, string> = {
    'a.config.js': 'module.exports = { apps: [{ script: "x.js", filter: () => 1 }] }',
    'b.config.cjs': 'exports.apps = { script: "x.js" }',
    'c.config.mjs': 'export default { apps: [{ script: "x.js" }] }',
    'd.config.mjs': 'export const apps = [{ script: "x.js" }]',
    'e.config.ts': 'export default { apps: [{ script: "x.js" }] satisfies object[] }',
    'f.json': '{ /* said */ apps: [{ "script": \'x.js\', }], }',
    'g.json': '[{ "script": "x.js" }]',
    'h.json': '{ "script": "x.js" }',
    'i.config.js': 'console.log("printed"); module.exports = { pm2: [{ script: "x.js" }] }',
  }
  for (const [name, text] of Object.entries(forms)) {
    writeFileSync(join(folder, name), text)
    const { apps } = await readEcosystem(name, folder)
    assert.deepEqual(apps, [{ script: 'x.js' }], name)
  }
})

test('a file from which nothing can be had is refused with its reason', async () => {
  const refused: Record<string, [text: string, reason: RegExp]> = {
    'loop.config.js': ['for (;;) {}', /not evaluated after 1s: does it wait for something\?/],
    'waits.config.mjs': ['await new Promise(() => setInterval(() => {}, 1000))', /not evaluated after 1s/],
    'throws.config.js': ['module.exports = nonsense', /nonsense is not defined/],
    'exits.config.js': ['process.exit(3)', /its process ended \(exit code 3\) before it exported anything/],
    'syntax.config.js': ['module.exports = {', /Unexpected end of input/],
    'large.config.js': ['module.exports = { apps: ["x".repeat(5e6)] }', /it exports more than 4 MB/],
    'circle.config.js': ['const a = {}; a.a = a; module.exports = { apps: [a] }', /circular/],
    'deep.json': ['['.repeat(200_000), /Cannot import deep\.json/],
    'empty.json': ['{}', /it exports no apps/],
    'number.json': ['7', /it exports no apps/],
    'many.config.js': ['module.exports = Array(501).fill({ script: "x" })', /it has 501 apps, and 500 are the most/],
    'x.config.yml': ['apps:\n  - script: x', /YAML is not read\. Make JSON of it: npx js-yaml x\.config\.yml/],
    'x.txt': ['{}', /expected a name that ends in/],
  }
  for (const [name, [text, message]] of Object.entries(refused)) {
    writeFileSync(join(folder, name), text)
    // Only those that never end are waited for: others may take longer on a busy machine.
    const options = message.source.includes('not evaluated') ? { timeoutMs: 1_000 } : {}
    await assert.rejects(readEcosystem(name, folder, options), { code: 'ERR_IMPORT_UNREADABLE', message }, name)
  }
})

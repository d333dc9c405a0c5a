/** Whatever is given to `saola import`, it ends soon, says what is wrong, and overwrites nothing. */
import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { ServerError } from '../src/base/errors.ts'
import { importGunicorn } from '../src/importers/gunicorn/import-gunicorn.ts'
import { importPm2 } from '../src/importers/pm2/import-pm2.ts'
import { importSupervisor } from '../src/importers/supervisor/import-supervisor.ts'
import { root } from './support/tree.ts'

const kinds = {
  supervisor: 'supervisord.conf',
  pm2: 'ecosystem.config.js',
  gunicorn: 'gunicorn.conf.py',
} as const

const good = '[program:a]\ncommand=a\n'

function createFolder(t: TestContext, files: Readonly<Record<string, string | Buffer>> = {}): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'saola-import-')))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), content)
  }
  return folder
}

function saola(cwd: string, ...args: string[]) {
  return new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve, reject) => {
    const options = { cwd, timeout: 60_000 }
    const child = execFile(
      process.execPath,
      [join(root, 'dist', 'bin.js'), 'import', ...args],
      options,
      (_, stdout, stderr) => {
        resolve({ code: child.exitCode, stdout, stderr })
      },
    )
    child.on('error', reject)
  })
}

/** A content that is no configuration, for each kind, and the reason that is given. */
const contents: readonly { what: string; content: string | Buffer; reason: RegExp }[] = [
  { what: 'a binary file', content: Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 1, 2, 3]), reason: /it is binary/ },
  {
    what: 'five megabytes',
    content: `# ${'x'.repeat(5 * 1024 ** 2)}`,
    reason: /it has 5242882 bytes, and a configuration has at most 1 MB/,
  },
  {
    what: 'what is not UTF-8',
    content: Buffer.concat([Buffer.from('# one\n# gr'), Buffer.from([0xf6]), Buffer.from('n\n')]),
    reason: /line 2 is not UTF-8\. Convert it: iconv -f latin1 -t utf-8/,
  },
  { what: 'an empty file', content: '', reason: /it has no|it exports no/ },
]

/** The same in this process; what a command makes of it is the same for all of them. */
const importers: Readonly<Record<keyof typeof kinds, (file: string, folder: string) => unknown>> = {
  supervisor: (file, cwd) => importSupervisor(file, { cwd, target: cwd }),
  pm2: (file, cwd) => importPm2(file, { cwd, target: cwd, env: undefined }),
  gunicorn: (file, cwd) => importGunicorn({ cwd, target: cwd, file, app: undefined, command: undefined }),
}

for (const kind of Object.keys(kinds) as (keyof typeof kinds)[]) {
  const file = kinds[kind]
  test(`what is no configuration for ${kind} is refused with its reason`, async t => {
    const folder = createFolder(t)
    for (const { what, content, reason } of contents) {
      writeFileSync(join(folder, file), content)
      const imported = async () => importers[kind](file, folder)
      await assert.rejects(imported, ({ code, message }: ServerError) => {
        assert.equal(code, 'ERR_IMPORT_UNREADABLE', what)
        assert.match(message, /^Cannot import .*$/, what)
        assert.match(message, reason, what)
        return true
      })
    }
    const { code, stdout, stderr } = await saola(folder, kind)
    assert.deepEqual([code, stdout], [1, ''])
    assert.match(stderr, /^saola: Cannot import .* {3}\[ERR_IMPORT_UNREADABLE\]\n$/)
    assert.equal(existsSync(join(folder, 'saola.config.ts')), false)
  })

  test(`a missing file, a folder and a pipe are none for ${kind}`, async t => {
    const folder = createFolder(t)
    const none = await saola(folder, kind)
    assert.equal(none.code, 1)
    assert.match(none.stderr, /^saola: There is no \S+ in .*\. Name the file to import.*\[ERR_IMPORT_UNREADABLE\]\n$/)
    mkdirSync(join(folder, 'a.json'))
    execFileSync('mkfifo', [join(folder, 'b.json')])
    for (const [name, reason] of [
      ['none.json', 'no such file'],
      ['a.json', 'it is no file'],
      ['b.json', 'it is no file'],
    ] as const) {
      await assert.rejects(async () => importers[kind](name, folder), {
        code: 'ERR_IMPORT_UNREADABLE',
        message: `Cannot import ${join(folder, name)} (${reason}).`,
      })
    }
  })
}

test('what is nested without end costs neither the stack nor the time', async t => {
  const deep = '(['.repeat(200_000)
  const folder = createFolder(t, {
    'ecosystem.json': '['.repeat(400_000),
    'gunicorn.conf.py': `bind = ${deep}`,
    'closed.py': `bind = ${'('.repeat(200_000)}1${')'.repeat(200_000)}\nworkers = ${'-'.repeat(200_000)}1\n`,
    'f.py': `a = ${`f"{a}" `.repeat(60_000)}\nbind = a\n`,
    'supervisord.conf': `[program:a]\ncommand=${'"'.repeat(100_001)}\n${'[x]\n'.repeat(50_000)}`,
    'long.conf': `[program:a]\ncommand=a ${'%%'.repeat(200_000)}\nenvironment=${'A="b",'.repeat(50_000)}\n`,
    'many.conf': `[program:a]\ncommand=a %(process_num)02d\nnumprocs=100000\nprocess_name=%(process_num)d\n`,
  })
  const unreadable = [
    ['pm2', 'ecosystem.json'],
    ['gunicorn', 'gunicorn.conf.py'],
    ['supervisor', 'supervisord.conf'],
    ['supervisor', 'many.conf'],
  ]
  for (const [kind = '', file = ''] of unreadable) {
    const { code, stderr } = await saola(folder, kind, file, '-o', '-')
    assert.equal(code, 1, file)
    assert.match(stderr, /^saola: Cannot import .*\[ERR_IMPORT_UNREADABLE\]\n/)
    assert.ok(stderr.length < 2_000, stderr.slice(0, 2_000))
  }
  const readable = [
    ['gunicorn', 'closed.py', '--app', 'm:a'],
    ['gunicorn', 'f.py', '--app', 'm:a'],
    ['supervisor', 'long.conf'],
  ]
  for (const args of readable) {
    const { code, stderr } = await saola(folder, ...args, '--json')
    assert.equal(code, 0, `${args.join(' ')} ${stderr.slice(0, 500)}`)
  }
})

test('files that include each other are each read once', async t => {
  const folder = createFolder(t, {
    'supervisord.conf': `[include]\nfiles=*.conf conf.d/*.conf none/* %(here)s/conf.d/b.conf\n${good}`,
    'conf.d/a.conf': '[include]\nfiles=../*.conf b.conf\n[program:b]\ncommand=%(here)s/b\n',
    'conf.d/b.conf': '[include]\nfiles=a.conf\n[program:b]\nautostart=false\n',
    'conf.d/c.txt': 'nothing',
  })
  const { code, stdout } = await saola(folder, 'supervisor', '--json')
  assert.equal(code, 0)
  const { config, notes } = JSON.parse(stdout)
  assert.match(config, /b: \{\n {6}command: '\.\/conf\.d\/b',\n {6}autostart: false,/)
  assert.deepEqual(
    notes.map(({ file, line, text }: Record<string, unknown>) => `${file}:${line} ${text}`),
    [
      'supervisord.conf:2 no file matches none/*',
      'conf.d/a.conf:1 supervisord does not read an [include] of an included file either',
      'conf.d/b.conf:1 supervisord does not read an [include] of an included file either',
    ],
  )
})

test('what is there already is replaced only when that is asked for', async t => {
  const folder = createFolder(t, { 'supervisord.conf': good, 'saola.config.ts': 'mine' })
  const refused = await saola(folder, 'supervisor')
  assert.equal(refused.code, 1)
  assert.equal(
    refused.stderr,
    'saola: saola.config.ts is there already. Replace it with --force, or write elsewhere with -o.   [ERR_FILE_EXISTS]\n',
  )
  assert.equal(readFileSync(join(folder, 'saola.config.ts'), 'utf8'), 'mine')

  const elsewhere = await saola(folder, 'supervisor', '-o', 'other.config.ts')
  assert.equal(elsewhere.code, 0)
  assert.match(
    elsewhere.stderr,
    /^other\.config\.ts has 1 program\. Everything has an equivalent\.\nRead it, and then: saola check -c other\.config\.ts\n$/,
  )

  const forced = await saola(folder, 'supervisor', '--force')
  assert.deepEqual([forced.code, forced.stdout], [0, ''])
  assert.match(readFileSync(join(folder, 'saola.config.ts'), 'utf8'), /command: 'a',/)

  writeFileSync(join(folder, 'saola.config.json'), '{}')
  const second = await saola(folder, 'supervisor', '--force')
  assert.equal(second.code, 1)
  assert.match(second.stderr, /^saola: saola\.config\.json is there already, and a folder has one configuration\./)
})

test('what is printed is the configuration alone, and notes stand beside it', async t => {
  const folder = createFolder(t, { 'supervisord.conf': `${good}serverurl=AUTO\n` })
  const plain = await saola(folder, 'supervisor', '-o', '-')
  assert.deepEqual([plain.code, existsSync(join(folder, 'saola.config.ts'))], [0, false])
  assert.match(plain.stdout, /^import \{ defineConfig \} from 'saola'\n.*\n\}\)\n$/s)
  assert.match(plain.stderr, /^supervisord\.conf:3 {2}\[program:a\] serverurl=AUTO: no equivalent; /)

  const json = await saola(folder, 'supervisor', '--json')
  assert.deepEqual([json.code, json.stderr, existsSync(join(folder, 'saola.config.ts'))], [0, '', false])
  const { config, notes } = JSON.parse(json.stdout)
  assert.equal(config, plain.stdout)
  assert.deepEqual(notes, [
    {
      file: 'supervisord.conf',
      line: 3,
      setting: '[program:a] serverurl=AUTO',
      kind: 'missing',
      text: 'SUPERVISOR_SERVER_URL and its kin are not set for programs',
    },
  ])
  const both = await saola(folder, 'supervisor', '--json', '-o', 'saola.config.ts')
  assert.equal(both.code, 0)
  assert.equal(readFileSync(join(folder, 'saola.config.ts'), 'utf8'), config)
})

test('nothing in a file can write a line of its own into a note or the configuration', async t => {
  const evil = '\u001b[2J\u202eevil'
  const folder = createFolder(t, {
    'supervisord.conf': `${good}nonsense=${evil}\nenvironment=A="${evil}\n  */ '"\n[x${evil}]\n`,
    'ecosystem.config.js': `module.exports = { apps: [{ name: ${JSON.stringify(`a\n${evil}`)}, script: "a.js" }] }`,
    'gunicorn.conf.py': `bind = ":80"\nlogfile = "${evil}"\naccesslog = "${evil}\\n'"\n`,
  })
  for (const args of [['supervisor'], ['pm2'], ['gunicorn', '--app', `m:a${evil}`]]) {
    const { code, stdout, stderr } = await saola(folder, ...args, '-o', '-')
    assert.equal(code, 0, stderr)
    assert.doesNotMatch(stdout + stderr, /[^\n -~]/, args[0])
    assert.doesNotMatch(stderr, /^evil/m)
  }
})

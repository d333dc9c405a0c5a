/** Files that a newcomer has: each becomes the configuration that stands beside it, and `saola check` accepts that. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, extname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { certificate } from './support/certificate.ts'
import { root } from './support/tree.ts'

interface Case {
  /** Its folder in the fixtures. */
  readonly of: string
  readonly args?: readonly string[]
  /** Commands that the configuration names: the machine of the test has others, or none. */
  readonly commands?: readonly string[]
  /** Files that it names, with an end of / folders. */
  readonly files?: readonly string[]
  readonly env?: (folder: string) => Record<string, string>
}

const cases: readonly Case[] = [
  { of: 'supervisor/gunicorn', commands: ['gunicorn'] },
  {
    of: 'supervisor/laravel',
    commands: ['php', 'php-fpm', 'nginx'],
    files: ['site/'],
    env: folder => ({ APP_ROOT: join(folder, 'site') }),
  },
  { of: 'supervisor/django', files: ['venv/bin/celery', 'venv/bin/daphne'], env: () => ({ HOME: '/home/shop' }) },
  { of: 'pm2/cluster', args: ['--env', 'production'] },
  {
    of: 'pm2/monorepo',
    args: ['--env', 'production'],
    commands: ['node', 'npx', 'python3', 'bash'],
    files: ['packages/gateway/dist/main.js', 'packages/reports/thumbnails.py', 'packages/gateway/admin/'],
  },
  { of: 'pm2/json', commands: ['npm'], files: ['bin/www', 'metrics-agent'] },
  { of: 'gunicorn/flask', args: ['--app', 'manage:app'], commands: ['gunicorn'] },
  { of: 'gunicorn/container', commands: ['gunicorn'] },
  {
    of: 'gunicorn/django',
    commands: ['gunicorn'],
    files: ['tls/shop.example.com.pem', 'tls/shop.example.com.key'],
  },
]

const fixtures = join(root, 'test', 'fixtures', 'import')
const golden = { config: 'saola.config.ts', notes: 'notes.txt' }
// Set it to write what an import gives now over what it should give, and look at the difference.
const isWriting = process.env.SAOLA_WRITE_GOLDEN !== undefined

for (const { of, args = [], commands = [], files = [], env = () => ({}) } of cases) {
  test(`what an import makes of ${of} is as a person would write it, and right`, async t => {
    const folder = createFolder(t, of)
    for (const file of files) create(join(folder, file))
    for (const command of commands) create(join(folder, '.commands', command))
    const options = { folder, env: { ...env(folder), PATH: join(folder, '.commands') } }

    const imported = await saola(['import', dirname(of), ...args], options)
    assert.deepEqual([imported.code, imported.stdout], [0, ''], imported.stderr)
    const config = readFileSync(join(folder, golden.config), 'utf8')
    if (isWriting) {
      writeFileSync(join(fixtures, of, golden.config), config)
      writeFileSync(join(fixtures, of, golden.notes), imported.stderr)
    }
    assert.equal(config, readFileSync(join(fixtures, of, golden.config), 'utf8'))
    assert.equal(imported.stderr, readFileSync(join(fixtures, of, golden.notes), 'utf8'))

    const checked = await saola(['check', '--json'], options)
    const { ok, problems, warnings } = JSON.parse(checked.stdout)
    assert.deepEqual(
      { ok, problems, warnings: warnings.filter(isOfSettings) },
      { ok: true, problems: [], warnings: [] },
    )
  })
}

/** Who is not root cannot give workers another user, and that is no fault of the import. */
function isOfSettings(warning: string): boolean {
  return !warning.includes('only root can')
}

/** A folder with what is imported, and not with what should come of it. */
function createFolder(t: TestContext, of: string): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'saola-import-')))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const isInput = (path: string) => !Object.values(golden).includes(basename(path))
  cpSync(join(fixtures, of), folder, { recursive: true, filter: isInput })
  // Programs of other users run in it.
  chmodSync(folder, 0o755)
  return folder
}

/** An empty folder, a certificate, or a file that can be executed. */
function create(path: string): void {
  const content = { '.pem': certificate.cert, '.key': certificate.key }[extname(path)] ?? '#!/bin/sh\n'
  mkdirSync(path.endsWith('/') ? path : dirname(path), { recursive: true })
  if (!path.endsWith('/')) writeFileSync(path, content, { mode: 0o755 })
}

interface RunOptions {
  readonly folder: string
  readonly env: Record<string, string>
}

function saola(args: readonly string[], { folder, env }: RunOptions) {
  return run(process.execPath, [join(root, 'dist', 'bin.js'), ...args], { cwd: folder, env })
}

function run(file: string, args: readonly string[], options: { cwd?: string; env?: Record<string, string> }) {
  return new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve, reject) => {
    const child = execFile(file, args, options, (_error, stdout, stderr) => {
      resolve({ code: child.exitCode, stdout, stderr })
    })
    child.on('error', reject)
  })
}

import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { request } from './support/http-connection.ts'
import { asNobody, nobody, openProgram } from './support/nobody.ts'
import { startTaskTree } from './support/task-tree.ts'
import { spawnTree, startTree, type Tree } from './support/tree.ts'
import { signalProcess } from './support/tree-processes.ts'
import { until } from './support/until.ts'

const names = ['REGION', 'TOKEN', 'OLD', 'NEW', 'REAL']
const app = `const names = ${JSON.stringify(names)}
export default { fetch: () => Response.json({ pid: process.pid, ...Object.fromEntries(names.map(name => [name, process.env[name]])) }) }`
const configOf = (apps = '') => `import { env } from 'saola'
export default { name: env('SHOP'), apps: { web: { app: './app.mjs', listen: '127.0.0.1:0', workers: 1 ${apps} } } }`
const files = {
  'app.mjs': app,
  '.env': 'SHOP=shop\nREGION=eu\nTOKEN=file\nOLD=1\nREAL=file\n',
  '.env.local': 'TOKEN=mine\n',
}

async function seen(tree: Tree): Promise<Record<string, unknown>> {
  return JSON.parse(String((await request(tree.url)).body))
}

async function reload(tree: Tree, event = 'reload.done'): Promise<void> {
  const over = tree.waitForEvent(event, {}, { since: tree.lines.length })
  tree.signal('SIGHUP')
  await over
}

test('workers have what .env and .env.local say, below the environment; a reload reads them again', async t => {
  const tree = await startTree(t, { files, config: configOf(), env: { REAL: 'real' } })
  const { pid: first, ...before } = await seen(tree)
  assert.deepEqual(before, { REGION: 'eu', TOKEN: 'mine', OLD: '1', REAL: 'real' })

  writeFileSync(join(tree.dir, '.env'), 'SHOP=shop\nREGION=us\nNEW=2\nREAL=file\n')
  const { stdout } = await tree.cli('reload', '--dry-run')
  assert.deepEqual(stdout.trimEnd().split('\n').sort(), [
    'env NEW: new, (secret)',
    'env OLD: removed, was (secret)',
    'env REGION: (secret) -> (secret) (restart)',
  ])
  await reload(tree)
  const { pid: second, ...after } = await seen(tree)
  assert.notEqual(first, second)
  assert.deepEqual(after, { REGION: 'us', TOKEN: 'mine', NEW: '2', REAL: 'real' })
})

test('a reload that is refused changes no variable, also not of a worker that is started later', async t => {
  const tree = await startTree(t, { files, config: configOf() })
  writeFileSync(join(tree.dir, '.env'), files['.env'].replace('REGION=eu', 'REGION=us'))
  writeFileSync(join(tree.dir, 'saola.config.ts'), configOf(', wrokers: 2'))
  await reload(tree, 'reload.refused')
  const { pid } = await seen(tree)
  signalProcess(Number(pid), 'SIGKILL')
  await until('another worker answers', async () => (await seen(tree).catch(() => ({ pid }))).pid !== pid)
  assert.equal((await seen(tree)).REGION, 'eu')

  // A file that cannot be read refuses it, too.
  writeFileSync(join(tree.dir, 'saola.config.ts'), configOf())
  writeFileSync(join(tree.dir, '.env'), Buffer.alloc(5 * 1024 ** 2, 'A'))
  const { code, stderr } = await tree.cli('reload', '--wait')
  assert.equal(code, 1)
  assert.match(stderr, /Cannot read the variables in \.env and \.env\.local \(/)
  assert.equal((await seen(tree)).REGION, 'eu')
})

test('processes of tasks have them, the owner of the store has not', async t => {
  const tasks = `export const region = defineTask({ id: 'region', run: async () => process.env.REGION ?? null })`
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'saola-')))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  writeFileSync(join(dir, '.env'), files['.env'])
  const shop = await startTaskTree(t, { tasks, dir, pools: ['io'] })
  assert.equal(await shop.result(await shop.enqueue('region', null)), 'eu')
  const owner = (await shop.tree.status()).children.find(({ name }) => name === 'store:0')
  assert.doesNotMatch(readFileSync(`/proc/${owner?.pid}/environ`, 'utf8'), /(?:^|\0)REGION=/)
})

test('programs have them, and are replaced when one of them has changed', async t => {
  const command = ['sh', '-c', 'echo "region=$REGION word=$0"; exec sleep 3600', '{env.TOKEN}']
  const config = { name: 'shop', programs: { jobs: { command, stopTimeout: '1s' } } }
  const tree = await startTree(t, {
    files,
    config: { ...config, apps: { web: { app: './app.mjs', listen: '127.0.0.1:0' } } },
  })
  await tree.waitForLine(/region=eu word=mine/)
  const runs = () => tree.lines.filter(line => /region=/.test(line)).length
  await reload(tree)
  assert.equal(runs(), 1, 'nothing of it has changed')
  writeFileSync(join(tree.dir, '.env'), 'REGION=us\n')
  await reload(tree)
  await tree.waitForLine(/region=us word=mine/)
})

test('settings that come from them say so, and values stay where they are', async t => {
  const text = 'SHOP=shop\nWEB_CONCURRENCY=2\nSAOLA_APPS_WEB_BACKLOG=9\nTOKEN=geheim\n'
  const config = configOf().replace(', workers: 1', '')
  const tree = await startTree(t, { files: { ...files, '.env': text, '.env.local': '' }, config })
  const { stdout } = await tree.cli('config')
  assert.match(stdout, /^apps\.web\.workers +2 +env WEB_CONCURRENCY \(\.env\)$/m)
  assert.match(stdout, /^apps\.web\.backlog +9 +env SAOLA_APPS_WEB_BACKLOG \(\.env\)$/m)
  for (const args of [['--json'], ['--json', '--running']]) {
    const json = (await tree.cli('config', ...args)).stdout
    assert.doesNotMatch(json, /geheim/)
    assert.equal(JSON.parse(json).variables.TOKEN, '(secret)')
  }
  // A command without the file sees another configuration than the tree.
  rmSync(join(tree.dir, '.env'))
  assert.match((await tree.cli('check')).stderr, /The environment variable SHOP is not set/)
})

test('saola dev starts the worker again when one of them changes', async t => {
  const tree = await startTree(t, { files, config: configOf(), command: 'dev' })
  const done = tree.waitForEvent('reload.done')
  writeFileSync(join(tree.dir, '.env'), files['.env'].replace('REGION=eu', 'REGION=us'))
  await done
  assert.equal((await seen(tree)).REGION, 'us')
})

test('without a configuration they are those of the working directory', async t => {
  const tree = await startTree(t, {
    files: { ...files, '.env': 'WEB_CONCURRENCY=7\nSHOP=x\nREGION=eu\n' },
    args: ['-w', '1'],
  })
  assert.equal((await seen(tree)).REGION, 'eu')
})

test('others may be chosen, or none', async t => {
  const others = { ...files, 'conf/a.env': 'SHOP=a\nREGION=a\n', 'conf/b.env': 'REGION=b\n' }
  const args = ['--env-file', 'conf/a.env', '--env-file', 'conf/b.env']
  const tree = await startTree(t, { files: others, config: configOf(), args })
  const { pid: _, ...variables } = await seen(tree)
  assert.deepEqual(variables, { REGION: 'b' })
  writeFileSync(join(tree.dir, 'conf', 'b.env'), '')
  await reload(tree)
  assert.equal((await seen(tree)).REGION, 'a')
  assert.match((await tree.cli('check', '--no-env-file')).stderr, /SHOP is not set/)
  const gone = await tree.cli('start', '--env-file', 'gone.env')
  // Some Nodes look at this flag also behind the name of a program, and speak first.
  assert.notEqual(gone.code, 0)
  assert.match(gone.stderr, /gone\.env(?:: not found| \(there is no such file\)\. {3}\[ERR_ENV_FILE_UNREADABLE\])/)
})

test('a file that may not be read ends a start, and says so', async t => {
  const secret = { ...openProgram(t), owner: nobody, wrapper: [...asNobody] }
  const script = ['sh', '-c', 'chmod 0 .env && exec "$@"', 'sh']
  const tree = spawnTree(t, { ...secret, files, wrapper: [...secret.wrapper, ...script] })
  assert.equal((await tree.exit).code, 1)
  assert.match(
    tree.lines[0] ?? '',
    /Cannot read the variables in .*\.env \(permission denied\)\. {3}\[ERR_ENV_FILE_UNREADABLE\]/,
  )
})

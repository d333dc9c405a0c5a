/** Everything that keeps a program from starting and can be known before it is started. */
import assert from 'node:assert/strict'
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { isRoot } from './support/nobody.ts'
import { makeProject, runSaola } from './support/saola-command.ts'
import { spawnTree, startTree } from './support/tree.ts'

const files = { 'app.mjs': `export default { fetch: () => new Response('hello') }`, 'plain.sh': 'exit 0' }
const good = { name: 'shop', apps: { web: { app: './app.mjs', listen: '127.0.0.1:0', workers: 1 } } }
const programs = {
  queue: { command: 'sleep 60', dependsOn: ['redis'] },
  redis: { command: 'sleep 60', dependsOn: ['queue'] },
  missing: { command: 'slep 60' },
  closed: { command: './plain.sh' },
  stranger: { command: 'sleep 60', user: 'nobdoy' },
}

test('a check, a start and a reload list everything that is wrong with programs, a line each', async t => {
  const tree = await startTree(t, { files, config: good })
  chmodSync(join(tree.dir, 'plain.sh'), 0o644)
  writeFileSync(join(tree.dir, 'bad.json'), JSON.stringify({ ...good, programs }))
  const lines = [
    '  programs.missing.command expected a command that can be run, got "slep" (it is in no folder of PATH), did you mean sleep?',
    `  programs.closed.command expected a command that can be run, got "./plain.sh" (${tree.dir}/plain.sh is not executable: chmod +x).`,
    // Who is not root is warned that a user has no effect.
    ...(isRoot ? ['  programs.stranger.user expected a user of this machine, got "nobdoy", did you mean nobody?'] : []),
    '  programs.queue.dependsOn expected no circle, got queue → redis → queue.',
  ]
  const { code, stdout, stderr } = await tree.cli('check', '-c', 'bad.json')
  assert.deepEqual([code, stdout], [1, ''])
  const [headline = '', ...problems] = stderr.trimEnd().split('\n')
  assert.match(
    headline,
    new RegExp(`^saola: .*bad\\.json has ${lines.length} problems\\. {3}\\[ERR_CONFIG_INVALID\\]$`),
  )
  assert.deepEqual(problems, lines)

  const start = spawnTree(t, { files, config: { ...good, programs }, args: ['--name', 'other'] })
  assert.deepEqual(await start.exit, { code: 1, signal: null })
  assert.equal(start.lines.filter(line => line.startsWith('  programs.')).length, lines.length)

  const { pid } = (await tree.status()).children[0] ?? {}
  writeFileSync(join(tree.dir, 'saola.config.json'), JSON.stringify({ ...good, programs }))
  const reload = await tree.cli('reload', '--wait')
  assert.deepEqual([reload.code, ...reload.stderr.trimEnd().split('\n').slice(1)], [1, ...lines])
  assert.equal((await tree.status()).children[0]?.pid, pid)
})

test('programs alone are a configuration, and a log file that they cannot have is a problem', t => {
  const dir = makeProject(t, { files })
  const check = (value: object) => {
    writeFileSync(join(dir, 'other.json'), JSON.stringify({ name: 'shop', ...value }))
    return runSaola(dir, ['check', '-c', 'other.json'])
  }
  const own = check({ programs: { a: { command: 'sleep 60' }, b: { command: ['sleep', '60'] } } })
  assert.deepEqual([own.code, own.stdout], [0, 'other.json is right: shop runs the programs a, b.\n'])
  const both = check({ ...good, programs: { a: { command: 'sleep 60' } } })
  assert.equal(both.stdout, 'other.json is right: shop serves the application web and runs the program a.\n')
  const stdout = { file: '/proc/{name}-{instance}/out.log' }
  const logs = check({ programs: { a: { command: 'sleep 60', instances: 2, stdout } } })
  assert.deepEqual(logs.stderr.trimEnd().split('\n').slice(1), [
    '  programs.a.stdout.file expected a file that can be written, got "/proc/a-0/out.log" (its folder cannot be made).',
    '  programs.a.stdout.file expected a file that can be written, got "/proc/a-1/out.log" (its folder cannot be made).',
  ])
  const none = check({})
  assert.match(
    none.stderr,
    /\n {2}apps expected at least one application, got none\. .*or have programs, cron or tasks in a configuration file\n$/,
  )
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TreeStatus } from '../src/ipc/status.ts'
import { startTree } from './support/tree.ts'
import { signalProcess } from './support/tree-processes.ts'

const files = { 'app.mjs': `export default { fetch: () => new Response('hello') }` }

// Of one tree are all cases, one after the other.
test('saola status, and saola stack', async t => {
  const tree = await startTree(t, { files, args: ['-w', '2', '--name', 'shop'] })

  await t.test('the status is a table for people, and everything that is known for programs', async () => {
    const { code, stdout, stderr } = await tree.cli('status')
    assert.deepEqual([code, stderr], [0, ''])
    const [headline = '', , appTitles = '', app = '', , titles = '', ...rows] = stdout.trimEnd().split('\n')
    assert.match(headline, new RegExp(`^shop  running  pid ${tree.pid}  up [\\dhms ]+  generation 1  Saola `))
    assert.match(appTitles, /^APP +LISTEN +WORKERS +BALANCE +ENTRY$/)
    assert.match(app, new RegExp(`^web +${tree.listen[0]} +2 +shared +app\\.mjs$`))
    assert.match(titles, /^NAME +STATE +PID +GEN +UPTIME +RESTARTS +CONN +REQS +CPU +MEM +LAST EXIT$/)
    assert.deepEqual(
      rows.map(row => row.replace(/^(web:\d +RUNNING) +\d+ .*/, '$1')),
      ['web:0  RUNNING', 'web:1  RUNNING'],
    )

    const status: TreeStatus = JSON.parse((await tree.cli('status', '--json')).stdout)
    assert.deepEqual([status.name, status.pid, status.state], ['shop', tree.pid, 'running'])
    assert.deepEqual(
      status.children.map(child => [child.name, child.state, child.restarts, child.lastExit ?? null]),
      [
        ['web:0', 'RUNNING', 0, null],
        ['web:1', 'RUNNING', 0, null],
      ],
    )
  })

  await t.test('a worker that waits for events is shown as idle, and lives on', async () => {
    const [worker] = (await tree.status()).children
    const { code, stdout } = await tree.cli('stack', 'web:0')
    assert.equal(code, 0)
    assert.equal(stdout, `web:0 (pid ${worker?.pid}) is idle\n`)
    const answer = JSON.parse((await tree.cli('stack', 'web:0', '--json')).stdout)
    assert.deepEqual(answer, { pid: worker?.pid, stack: '' })
    assert.equal(await fetch(tree.url).then(response => response.text()), 'hello')
    assert.equal((await tree.status()).children[0]?.pid, worker?.pid)

    const missing = await tree.cli('stack', 'web:9')
    assert.equal(missing.code, 1)
    assert.match(missing.stderr, /^saola: .*web:9.* {3}\[ERR_CONTROL_REFUSED\]\n$/)
  })

  await t.test('the status says how the last worker of a place ended', async () => {
    const [worker] = (await tree.status()).children
    const isBack = tree.waitForEvent('worker.ready', { name: 'web:0' }, { since: tree.lines.length })
    assert.ok(signalProcess(worker?.pid ?? 0, 'SIGKILL'))
    await isBack
    const { stdout } = await tree.cli('status')
    assert.match(stdout, /\nweb:0 .* [\dhms ]+ ago: killed by SIGKILL\n/)
    const [child] = (JSON.parse((await tree.cli('status', '--json')).stdout) as TreeStatus).children
    assert.deepEqual([child?.restarts, child?.lastExit?.signal], [1, 'SIGKILL'])
  })
})

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { test } from 'node:test'
import { keepAliveClient } from './support/clients.ts'
import { root, startTree } from './support/tree.ts'

const files = { 'app.ts': `export default { fetch: () => new Response('hello') }` }

test('where no terminal is, top prints one look with requests a second, and ends', async t => {
  const tree = await startTree(t, { files, args: ['-w', '1'] })
  const client = keepAliveClient(t, tree.url).start()
  await client.answered(100)
  const status = JSON.parse((await tree.cli('top', '--json')).stdout)
  const { stdout } = await tree.cli('top')
  await client.stop()
  assert.equal(status.pid, tree.pid)
  assert.ok(status.children[0].requestsPerSecond > 0)
  assert.match(stdout, /^\S+ {2}running {2}pid \d+/)
  assert.match(stdout, /\nAPP +WORKERS +REQ\/S +CONN +FLIGHT +CPU +MEM +LISTEN\nweb +1 +[1-9]/)
  assert.match(stdout, /\nNAME +STATE +PID +REQ\/S +CONN +FLIGHT +DELAY +CPU +MEM +UPTIME +RESTARTS\nweb:0 +RUNNING /)
  assert.doesNotMatch(stdout, /\x1b/)
})

test('on a terminal, keys sort, scale, reload and quit, and the screen is given back', async t => {
  const tree = await startTree(t, { files, args: ['-w', '1'] })
  const command = `stty cols 80 rows 24; exec "${process.execPath}" "${join(root, 'dist', 'bin.js')}" top`
  const terminal = spawn('script', ['-q', '-e', '-c', command, '/dev/null'], {
    cwd: tree.dir,
    env: { ...process.env, SHELL: '/bin/sh', TERM: 'xterm' },
  })
  t.after(() => terminal.kill('SIGKILL'))
  terminal.on('error', error => assert.fail(`script(1) is needed, in Debian's bsdutils: ${error.message}`))
  let output = ''
  const waitFor = async (pattern: RegExp) => {
    while (!pattern.test(output)) await once(terminal.stdout, 'data')
    output = ''
  }
  terminal.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  await waitFor(/\x1b\[\?1049h[\s\S]*q quit/)
  terminal.stdin.write('+')
  await waitFor(/web: 1 → 2 workers/)
  await tree.waitForEvent('worker.ready', { name: 'web:1' })
  terminal.stdin.write('R')
  await waitFor(/reload done/)
  assert.equal((await tree.status()).generation, 2)
  terminal.stdin.write('cq')
  await waitFor(/\x1b\[\?25h\x1b\[\?1049l$/)
  assert.deepEqual(await once(terminal, 'close'), [0, null])
})

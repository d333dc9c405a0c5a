import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { test } from 'node:test'
import { keepAliveClient } from './support/clients.ts'
import { waitTimeoutMs } from './support/http-connection.ts'
import { root, startTree } from './support/tree.ts'
import { until } from './support/until.ts'

const files = { 'app.mjs': `export default { fetch: () => new Response('hello') }` }

test('where no terminal is, top prints one look with requests a second, and ends', async t => {
  const tree = await startTree(t, { files, args: ['-w', '1'] })
  const client = keepAliveClient(t, tree.url).start()
  await client.answered(100)
  // A second in which the client has asked nothing, since the machine was elsewhere, has no requests.
  const status = await until('a second with requests, as JSON', async () => {
    const seen = JSON.parse((await tree.cli('top', '--json')).stdout)
    return seen.children[0].requestsPerSecond > 0 && seen
  })
  const stdout = await until('a second with requests', async () => {
    const { stdout } = await tree.cli('top')
    return /\nweb +1 +[1-9]/.test(stdout) && stdout
  })
  await client.stop()
  assert.equal(status.pid, tree.pid)
  assert.match(stdout, /^\S+ {2}running {2}pid \d+/)
  assert.match(stdout, /\nAPP +WORKERS +REQ\/S +CONN +FLIGHT +CPU +MEM +LISTEN\nweb +1 +[1-9]/)
  assert.match(
    stdout,
    /\nNAME +STATE +PID +REQ\/S +SHARE +CONN +FLIGHT +DELAY +CPU +MEM +UPTIME +RESTARTS\nweb:0 +RUNNING .* 100% /,
  )
  assert.match(stdout, /\nLatency and errors: set metrics\.listen or dashboard\.listen to have them\.\n/)
  assert.doesNotMatch(stdout, /\x1b/)
})

test('on a terminal, keys choose, restart, scale, reload and quit, and the screen is given back', async t => {
  const tree = await startTree(t, {
    files,
    config: { apps: { web: { app: './app.mjs', listen: '127.0.0.1:0' } }, metrics: { listen: '127.0.0.1:0' } },
  })
  const client = keepAliveClient(t, tree.url).start()
  const command = `stty cols 80 rows 24; exec "${process.execPath}" "${join(root, 'dist', 'bin.js')}" top`
  const terminal = spawn('script', ['-q', '-e', '-c', command, '/dev/null'], {
    cwd: tree.dir,
    // A terminal that has neither colours nor UTF-8.
    env: { ...process.env, SHELL: '/bin/sh', TERM: 'vt100', LC_ALL: 'C', NO_COLOR: '1' },
  })
  t.after(() => terminal.kill('SIGKILL'))
  terminal.on('error', error => assert.fail(`script(1) is needed, in Debian's bsdutils: ${error.message}`))
  let output = ''
  let all = ''
  const waitFor = async (pattern: RegExp) => {
    const signal = AbortSignal.timeout(waitTimeoutMs)
    while (!pattern.test(output))
      await once(terminal.stdout, 'data', { signal }).catch(cause => {
        throw new Error(`Nothing was printed that fits ${pattern}, but ${JSON.stringify(output.slice(-2_000))}`, {
          cause,
        })
      })
    output = ''
  }
  terminal.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
    all += text
  })
  await waitFor(/\x1b\[\?1049h[\s\S]*q quit/)
  // Of requests that were answered while it looked.
  await waitFor(/web +1 +[\d.]+ +0 +[\d.]+ms +[\d.]+ms +[\d.]+ms /)
  await client.stop()
  terminal.stdin.write('?')
  await waitFor(/restart it, after a question[\s\S]*P50 P95 P99/)
  terminal.stdin.write('?')
  await waitFor(/NAME +STATE/)
  terminal.stdin.write('x')
  await waitFor(/Choose a process with the arrow keys first/)
  terminal.stdin.write('\x1b[B')
  await waitFor(/>web:0 +RUNNING/)
  terminal.stdin.write('xn')
  await waitFor(/web:0 was not restarted/)
  terminal.stdin.write('xy')
  await tree.waitForEvent('restart.done')
  terminal.stdin.write('+')
  await waitFor(/web: 1 > 2 workers/)
  await tree.waitForEvent('worker.ready', { name: 'web:1' })
  terminal.stdin.write('R')
  await waitFor(/reload done/)
  assert.equal((await tree.status()).generation, 2)
  await waitFor(/Last reload [\dsm ]+ ago/)
  terminal.stdin.write('lq')
  await waitFor(/\x1b\[\?25h\x1b\[\?1049l$/)
  assert.deepEqual(await once(terminal, 'close'), [0, null])
  assert.doesNotMatch(all, /\x1b\[[\d;]+m/)
  assert.doesNotMatch(all, /[^\x00-\x7f]/)
})

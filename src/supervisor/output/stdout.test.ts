import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'

const start = `
  const { openStdout } = await import(${JSON.stringify(new URL('./stdout.ts', import.meta.url).href)})
  const sink = openStdout({ onTrouble: trouble => process.send?.({ trouble: trouble.error.code }) })
`

function run(code: string, stdout: 'pipe' | number) {
  return spawn(process.execPath, ['--input-type=module', '-e', start + code], {
    stdio: ['ignore', stdout, 'inherit', 'ipc'],
  })
}

test('everything taken reaches a pipe before the process ends', async () => {
  const child = run(
    `for (let i = 0; i < 50_000; i++) sink.write(i + '\\n'); await sink.flush(60_000); process.exit()`,
    'pipe',
  )
  assert.ok(child.stdout)
  assert.deepEqual((await text(child.stdout)).split('\n').slice(-3), ['49998', '49999', ''])
})

test('a stdout that is a file gets every line, at its end', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'saola-out-'))
  t.after(() => rm(folder, { recursive: true }))
  const fd = openSync(join(folder, 'out'), 'w')
  const child = run(`sink.write('one\\n'); sink.write('two\\n'); await sink.flush(60_000); process.exit()`, fd)
  closeSync(fd)
  await once(child, 'exit')
  assert.equal(await readFile(join(folder, 'out'), 'utf8'), 'one\ntwo\n')
})

test('a stdout on a full disk is reported, and the process lives on', async () => {
  const fd = openSync('/dev/full', 'w')
  const child = run(`sink.write('one\\n'); process.on('message', () => process.exit(7))`, fd)
  closeSync(fd)
  assert.deepEqual(await once(child, 'message'), [{ trouble: 'ENOSPC' }, undefined])
  child.send('end')
  assert.deepEqual(await once(child, 'exit'), [7, null])
})

test('a closed stdout costs its lines, and the process lives on', async () => {
  const child = run(
    `process.once('message', async () => {
      sink.write('one\\n')
      process.send({ flushed: await sink.flush(60_000), dropped: sink.dropped })
      process.disconnect()
    })
    process.send('up')`,
    'pipe',
  )
  await once(child, 'message')
  child.stdout?.destroy()
  await once(child.stdout ?? child, 'close')
  child.send('go')
  assert.deepEqual(await once(child, 'message'), [{ flushed: false, dropped: 1 }, undefined])
  assert.deepEqual(await once(child, 'exit'), [0, null])
})

test('a terminal that takes nothing does not stop the process', { skip: process.platform !== 'linux' }, async t => {
  const server = createServer().listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  // Nobody reads from script(1), so that it stops reading the terminal that it gives to the process.
  const code = `${start}
    sink.write('x'.repeat(1_000_000) + '\\n')
    const isWritten = await sink.flush(200)
    const socket = (await import('node:net')).connect(${(server.address() as AddressInfo).port}, '127.0.0.1')
    socket.end(String([process.stdout.isTTY, isWritten]), () => process.exit())`
  const folder = await mkdtemp(join(tmpdir(), 'saola-tty-'))
  t.after(() => rm(folder, { recursive: true }))
  const command = `exec "${process.execPath}" --input-type=module -e "$SAOLA_TEST_CODE"`
  const terminal = spawn('script', ['-q', '-c', command, join(folder, 'typescript')], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, SHELL: '/bin/sh', SAOLA_TEST_CODE: code },
  })
  terminal.on('error', error => assert.fail(`script(1) is needed, in Debian's bsdutils: ${error.message}`))
  const [socket] = await once(server, 'connection')
  assert.equal(await text(socket), 'true,false')
  terminal.stdout.resume()
  await once(terminal, 'exit')
})

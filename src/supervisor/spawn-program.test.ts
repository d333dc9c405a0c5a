import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type ProgramLaunch, spawnProgram } from './spawn-program.ts'

const launch: ProgramLaunch = {
  argv: ['true'],
  cwd: '/',
  env: { PATH: process.env.PATH },
  uid: undefined,
  gid: undefined,
  umask: undefined,
  stdin: 'closed',
  mergesStderr: false,
  sockets: [],
}

test('a program whose arguments are too long leaves no descriptor open', async () => {
  // The first one fills the stock of pipes.
  const { child, stdout, stderr } = spawnProgram(launch)
  stdout.resume()
  stderr.resume()
  await once(child, 'close')
  const tooLong: ProgramLaunch = { ...launch, argv: ['true', 'x'.repeat(8 * 1024 ** 2)] }
  const before = readdirSync('/proc/self/fd').length
  for (let i = 0; i < 5; i++) {
    assert.throws(() => spawnProgram({ ...tooLong, mergesStderr: i % 2 === 0 }), { code: 'E2BIG' })
  }
  await nextTurn()
  // Pipes in the stock are open, too, both ends: three programs have taken one, and two of them two.
  const pipesTaken = 3 * 1 + 2 * 2
  assert.equal(readdirSync('/proc/self/fd').length, before - 2 * pipesTaken)
})

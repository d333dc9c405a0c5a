import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProgram } from './program-process.ts'
import type { ProgramLaunch } from './spawn-program.ts'

const launch: ProgramLaunch = {
  argv: ['/bin/sleep', '1'],
  cwd: '/',
  env: {},
  uid: undefined,
  gid: undefined,
  umask: undefined,
  stdin: 'closed',
  mergesStderr: false,
  sockets: [],
}

test('a program that cannot be started any more says whether its folder or its file is gone', () => {
  const start = (own: Partial<ProgramLaunch>) => () => startProgram({ ...launch, ...own }, { exit: () => {} })
  assert.throws(start({ cwd: '/none/here' }), {
    message: 'Cannot start /bin/sleep (its folder /none/here does not exist any more).',
  })
  assert.throws(start({ argv: ['./none'] }), { message: 'Cannot start ./none (/none does not exist any more).' })
})

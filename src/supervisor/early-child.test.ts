import assert from 'node:assert/strict'
import { once } from 'node:events'
import { afterEach, test } from 'node:test'
import { endEarly, startEarly, takeEarly } from './early-child.ts'
import type { Launch } from './spawn-process.ts'

// Says what it was told, and ends when there is nobody left who could tell it anything.
const script = `process.once('message', ({ spec }) => { console.log(spec); process.disconnect() })`
const launch: Launch = {
  command: process.execPath,
  args: ['-e', script],
  cwd: process.cwd(),
  env: { PATH: process.env.PATH },
  uid: undefined,
  gid: undefined,
  fds: [],
}
const wanted = (change: Partial<Launch> = {}): Launch => ({
  ...launch,
  env: { ...launch.env, SAOLA_WORKER: '{"index":0}' },
  fds: [0],
  ...change,
})

afterEach(endEarly)

test('a process that was started early is told what to be', async () => {
  startEarly(launch)
  const child = takeEarly(wanted())
  assert.ok(child)
  const [[told]] = await Promise.all([once(child.stdio[1] as never, 'data'), once(child, 'exit')])
  assert.equal(String(told), '{"index":0}\n')
})

test('it is given away once', async () => {
  startEarly(launch)
  const child = takeEarly(wanted())
  assert.equal(takeEarly(wanted()), undefined)
  assert.ok(child)
  await once(child, 'exit')
})

test('it is ended when another process was wanted', () => {
  const others: Partial<Launch>[] = [
    { args: ['--expose-gc', ...launch.args] },
    { cwd: '/' },
    { uid: 1234 },
    { env: { ...launch.env, LANG: 'C' } },
    { env: {} },
  ]
  for (const other of others) {
    startEarly(launch)
    assert.equal(takeEarly(wanted(other)), undefined, JSON.stringify(other))
    assert.equal(takeEarly(wanted()), undefined, JSON.stringify(other))
  }
})

test('one that nobody has taken is ended, and not given away any more', async () => {
  startEarly(launch)
  await endEarly()
  assert.equal(takeEarly(wanted()), undefined)
})

test('it is not given away under another umask', () => {
  startEarly(launch)
  const umask = process.umask(0o077)
  try {
    assert.equal(takeEarly(wanted()), undefined)
  } finally {
    process.umask(umask)
  }
})

test('one that cannot be started is no trouble for who starts it', () => {
  for (const impossible of [{ command: '/no/such/command' }, { cwd: '/no/such/folder' }, { args: ['\0'] }]) {
    startEarly({ ...launch, ...impossible })
    assert.equal(takeEarly(wanted(impossible)), undefined)
  }
})

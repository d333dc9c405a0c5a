import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { startChild } from './child-process.ts'

test('a worker that cannot be started any more says whether its folder or its file is gone, as a program does', () => {
  const launch = { args: [], env: {}, uid: undefined, gid: undefined, fds: [] }
  const events = { message: () => {}, watch: () => {}, exit: () => {} }
  assert.throws(() => startChild({ ...launch, command: 'node', cwd: '/none/here' }, events), {
    message: 'Cannot start node (its folder /none/here does not exist any more).',
  })
  assert.throws(() => startChild({ ...launch, command: '/none/node', cwd: '/' }, events), {
    message: 'Cannot start /none/node (/none/node does not exist any more).',
  })
})

test('a message that its receiver cannot read is a warning, and those behind it are heard', async t => {
  const script =
    "process.send({ type: 'saola.beat' }); process.send({ type: 'saola.ready', bootMs: 1 }); process.disconnect()"
  const launch = { command: process.execPath, args: ['-e', script], cwd: '/', env: {}, uid: undefined, gid: undefined }
  const heard: string[] = []
  const exited = Promise.withResolvers<void>()
  const warned = once(process, 'warning', { signal: t.signal })
  startChild(
    { ...launch, fds: [] },
    {
      message: message => {
        if (message.type === 'saola.beat') assert.ok(message.beat.rssBytes)
        heard.push(message.type)
      },
      watch: () => {},
      exit: () => exited.resolve(),
    },
  )
  const [[warning]] = await Promise.all([warned, exited.promise])
  assert.match(String(warning), /A worker's channel is garbled/)
  assert.deepEqual(heard, ['saola.ready'])
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TreeEvent } from '../control/operations.ts'
import type { StateChange } from '../ipc/status.ts'
import { EventFeed } from './event-feed.ts'

const time = new Date('2026-01-01T00:00:00Z')
const clock = { now: () => 0, date: () => time }

function change(name: string, given: Partial<StateChange> = {}): StateChange {
  const app = name.replace(/:\d+$/, '')
  const rest = { kind: 'program', app, pid: 42, generation: 1, reason: undefined } as const
  return { name, ...rest, from: 'STOPPED', to: 'STARTING', ...given }
}

/** A feed, and who follows it with what he has heard. */
function feedWith(...changes: readonly StateChange[]) {
  const feed = new EventFeed({ clock })
  for (const each of changes) feed.noteState(each)
  const heard: TreeEvent[] = []
  const names = () => heard.map(event => event.name)
  return { feed, heard, names }
}

test('a change of state is told with all that is known of it, the time first', () => {
  const { feed, heard } = feedWith()
  feed.follow({ onEvent: event => heard.push(event) })
  feed.noteState(change('redis:0', { from: 'RUNNING', to: 'EXITED', reason: 'exited with code 1' }))
  assert.equal(
    JSON.stringify(heard[0]),
    '{"time":"2026-01-01T00:00:00.000Z","event":"state","name":"redis:0","kind":"program","app":"redis","pid":42,' +
      '"generation":1,"reason":"exited with code 1","from":"RUNNING","to":"EXITED"}',
  )
})

test('of the log, what concerns the tree is told, whatever its fields are called', () => {
  const { feed, heard } = feedWith()
  feed.follow({ onEvent: event => heard.push(event) })
  feed.noteRecord({ time, level: 'info', event: 'worker.ready', fields: { name: 'web:0' } })
  feed.noteRecord({ time, level: 'error', event: 'reload.refused', fields: { error: 'no', event: 'forged' } })
  assert.equal(
    JSON.stringify(heard),
    '[{"time":"2026-01-01T00:00:00.000Z","event":"reload.refused","level":"error","error":"no"}]',
  )
})

test('who follows is told of the past first, as much as he asks for', () => {
  const { feed, names, heard } = feedWith(change('a:0'), change('b:0'), change('a:1'), change('ab:0'))
  const onEvent = (event: TreeEvent) => heard.push(event)
  const end = feed.follow({ backlog: 1, onEvent })
  feed.follow({ name: 'a', backlog: 10, onEvent })
  assert.deepEqual(names(), ['ab:0', 'a:0', 'a:1'])
  end()
  feed.noteState(change('a:2'))
  feed.noteState(change('b:1'))
  assert.deepEqual(names().slice(3), ['a:2'])
  assert.deepEqual(
    feed.history({ name: 'b:0', backlog: 5 }).map(event => event.name),
    ['b:0'],
  )
  assert.deepEqual(feed.history({}), [])
})

test('a tree that has the name of one of its programs is not meant by it', () => {
  const { feed } = feedWith(change('redis:0'))
  feed.noteRecord({ time, level: 'info', event: 'tree.ready', fields: { name: 'redis' } })
  feed.noteRecord({ time, level: 'info', event: 'app.scaled', fields: { name: 'redis', from: 1, to: 2 } })
  const events = feed.history({ name: 'redis', backlog: 10 }).map(({ event }) => event)
  assert.deepEqual(events, ['state', 'app.scaled'])
})

test('an entry of cron goes by the name that its output has', () => {
  const { feed } = feedWith(change('backup:0'))
  feed.noteRecord({ time, level: 'info', event: 'cron.started', fields: { name: 'backup' } })
  feed.noteRecord({ time, level: 'warn', event: 'log.dropped', fields: { source: 'cron:backup', lines: 3 } })
  for (const name of ['cron:backup', 'cron'])
    assert.deepEqual(
      feed.history({ name, backlog: 10 }).map(({ event }) => event),
      ['cron.started', 'log.dropped'],
    )
  assert.equal(feed.history({ name: 'backup', backlog: 10 }).length, 1)
})

test('the last 1,000 events are kept', () => {
  const { feed } = feedWith(...Array.from({ length: 2_500 }, (_, index) => change(`a:${index}`)))
  const kept = feed.history({ backlog: 10_000 })
  assert.equal(kept.length, 1_000)
  assert.deepEqual([kept[0]?.name, kept.at(-1)?.name], ['a:1500', 'a:2499'])
})

test('a slow reader is told how many he has missed, and nobody else waits for him', async () => {
  const { feed, heard } = feedWith()
  const gate = Promise.withResolvers<void>()
  const told = Promise.withResolvers<void>()
  let quick = 0
  feed.follow({
    onEvent: event => {
      heard.push(event)
      if (event.event === 'events.missed') told.resolve()
      return gate.promise
    },
  })
  feed.follow({ onEvent: () => void quick++ })
  for (let index = 0; index < 5_000; index++) feed.noteState(change('a:0'))
  assert.deepEqual([heard.length, quick], [1, 5_000])
  gate.resolve()
  await told.promise
  assert.deepEqual(heard.at(-1), { time: time.toISOString(), event: 'events.missed', level: 'warn', count: 3_999 })
  assert.equal(heard.length, 1 + 1_000 + 1)
})

test('when the tree ends, so do those who follow it', () => {
  const { feed, heard } = feedWith()
  let ended = 0
  feed.follow({ onEvent: event => heard.push(event), onEnd: () => void ended++ })
  feed.close()
  feed.noteState(change('a:0'))
  assert.deepEqual([ended, heard.length], [1, 0])
})

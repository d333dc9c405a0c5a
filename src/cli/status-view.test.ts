import assert from 'node:assert/strict'
import { test } from 'node:test'
import { childStatus, treeStatus } from '../../test/support/tree-status.ts'
import { renderStatus } from './status-view.ts'
import { colored, plain } from './terminal.ts'

const view = { width: Number.POSITIVE_INFINITY, paint: plain, now: new Date('2026-01-01T00:05:00Z'), cwd: '/srv/shop' }
const exited = { code: undefined, signal: 'SIGKILL', reason: 'killed by SIGKILL', at: '2026-01-01T00:03:00Z' }

test('the status shows the tree, its applications and its workers', () => {
  const first = childStatus({ connections: 12, requests: 1204, cpuPercent: 42.6 })
  const second = childStatus({ index: 1, generation: 3, restarts: 2, lastExit: exited })
  assert.deepEqual(renderStatus(treeStatus([first, second]), view), [
    'shop  running  pid 4211  up 3h 12m  generation 3  Saola 1.2.3  Node v24.21.0',
    '',
    'APP  LISTEN          WORKERS  BALANCE  ENTRY',
    'web  127.0.0.1:8000  2        shared   src/app.ts',
    '',
    'NAME   STATE     PID  GEN  UPTIME  RESTARTS  CONN  REQS  CPU   MEM  LAST EXIT',
    'web:0  RUNNING  4212    1  12m 3s         0    12  1204  43%  82MB',
    'web:1  RUNNING  4213    3  12m 3s         2     0     0   0%  82MB  2m ago: killed by SIGKILL',
  ])
})

test('a place without a process has dashes, and so have the figures that a new worker has not told yet', () => {
  const fatal = childStatus({ pid: undefined, state: 'FATAL', rssBytes: 0, restarts: 5, lastExit: exited })
  const lines = renderStatus(treeStatus([fatal, childStatus({ index: 1, rssBytes: 0 })]), view)
  assert.deepEqual(lines.slice(-2), [
    'web:0  FATAL       -    -       -         5     -     -    -    -  2m ago: killed by SIGKILL',
    'web:1  RUNNING  4213    1  12m 3s         0     -     -    -    -',
  ])
})

test('a program has what it uses and what it waits for, and no table of applications when there are none', () => {
  const redis = { kind: 'program', app: 'redis', name: 'redis:0' } as const
  const api = { kind: 'program', app: 'api', name: 'api:0', pid: undefined, state: 'STOPPED', rssBytes: 0 } as const
  const waitsFor = 'waits for redis to be ready'
  const children = [
    childStatus({ ...redis, cpuPercent: 3 }),
    childStatus({ ...api, waitsFor }),
    childStatus({ ...api, name: 'api:1', state: 'EXITED', waitsFor, lastExit: exited }),
  ]
  assert.deepEqual(renderStatus(treeStatus(children, { apps: [] }), view).slice(1), [
    '',
    'NAME     STATE     PID  GEN  UPTIME  RESTARTS  CONN  REQS  CPU   MEM  LAST EXIT',
    'redis:0  RUNNING  4212    1  12m 3s         0     -     -   3%  82MB',
    'api:0    STOPPED     -    -       -         0     -     -    -     -  waits for redis to be ready',
    'api:1    EXITED      -    -       -         0     -     -    -     -  waits for redis to be ready; 2m ago: killed by SIGKILL',
  ])
})

test('a tree without an application, or without a process, has no empty table of them', () => {
  assert.equal(renderStatus(treeStatus([], { apps: [] }), view).length, 1)
})

test('only a reload that failed is shown', () => {
  const lastReload = { ok: false, generation: 4, message: 'web: no', at: '2026-01-01T00:04:00Z', durationMs: 1 }
  assert.equal(renderStatus(treeStatus([], { lastReload }), view)[1], 'The last reload failed 1m ago: web: no')
  assert.equal(renderStatus(treeStatus([], { lastReload: { ...lastReload, ok: true } }), view)[1], '')
})

test('the reason of an exit can move no cursor, and no line is longer than the terminal', () => {
  const lastExit = { ...exited, reason: 'threw \x1b[2J\nforged' }
  const status = treeStatus([childStatus({ lastExit })], { name: 'a-tree-with-a-long-name' })
  assert.match(renderStatus(status, view).at(-1) ?? '', /2m ago: threw \\u001b\[2J\\u000aforged$/)
  for (const width of [20, 40, 80]) {
    for (const line of renderStatus(status, { ...view, width })) assert.ok(line.length <= width, `${width}: ${line}`)
  }
})

test('colours are the only difference that a terminal makes', () => {
  const status = treeStatus([childStatus({ restarts: 1 })])
  const text = renderStatus(status, { ...view, paint: colored }).join('\n')
  assert.equal(text.replaceAll(/\x1b\[\d+m/g, ''), renderStatus(status, view).join('\n'))
  assert.match(text, /\x1b\[32mRUNNING/)
})

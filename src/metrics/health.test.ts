import assert from 'node:assert/strict'
import { test } from 'node:test'
import { child, status } from '../../test/support/metrics-look.ts'
import type { ChildState } from '../ipc/status.ts'
import { readinessOf } from './health.ts'
import { metricsOptions } from './options.ts'

function tree(workers: number, ...states: readonly ChildState[]) {
  const children = states.map((state, index) => child(`web:${index}`, { state }))
  return { ...status, apps: status.apps.map(app => ({ ...app, workers })), children }
}

test('a tree is ready when each application has as many workers as are needed', () => {
  assert.deepEqual(readinessOf(tree(2, 'RUNNING', 'STARTING'), { workers: 1 }), { isWell: true, text: 'ok\n' })
  assert.deepEqual(readinessOf(tree(2, 'RUNNING', 'STARTING'), { workers: 2 }), {
    isWell: false,
    text: 'web: 1 of 2 workers ready, needs 2\n',
  })
})

test('a share is of the workers that there are to be, rounded up', () => {
  const half = { fraction: 0.5 }
  assert.equal(readinessOf(tree(3, 'RUNNING', 'RUNNING'), half).isWell, true)
  assert.equal(readinessOf(tree(3, 'RUNNING', 'BACKOFF'), half).isWell, false)
})

test('an application with fewer workers than are asked for needs all of them', () => {
  assert.equal(readinessOf(tree(2, 'RUNNING', 'RUNNING'), { workers: 8 }).isWell, true)
  assert.equal(readinessOf(tree(2, 'RUNNING', 'STARTING'), { workers: 8 }).isWell, false)
})

test('nobody is ready of an application that was stopped', () => {
  assert.equal(readinessOf(tree(2, 'STOPPED', 'STOPPED'), { workers: 1 }).isWell, false)
  assert.equal(readinessOf(tree(0), { workers: 1 }).isWell, false)
})

test('a worker that drains is not counted, nor is what is no worker', () => {
  const draining = tree(2, 'STOPPING', 'STOPPING')
  const children = [...draining.children, child('web:9', { kind: 'program' })]
  assert.equal(readinessOf({ ...draining, children }, { workers: 1 }).isWell, false)
})

test('a tree that stops is not ready, whatever its workers are', () => {
  assert.deepEqual(readinessOf({ ...tree(1, 'RUNNING'), state: 'stopping' }, { workers: 1 }), {
    isWell: false,
    text: 'shop is stopping\n',
  })
})

test('a tree without applications is ready: there is nobody to wait for', () => {
  assert.equal(readinessOf({ ...status, apps: [] }, { workers: 1 }).isWell, true)
})

test('minReady is a number or a share', () => {
  for (const minReady of [1, 1024, '3', '1%', '100%'])
    assert.equal(metricsOptions.safeParse({ minReady }).success, true, String(minReady))
  for (const minReady of [0, -1, 1.5, 1025, '0', '0%', '101%', '50 %', 'half', '', true, null])
    assert.equal(metricsOptions.safeParse({ minReady }).success, false, String(minReady))
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatTcpTarget, parseTcpTarget } from './tcp-target.ts'

test('a target is a host and a port, or a port of this machine', () => {
  assert.deepEqual(parseTcpTarget('redis.internal:6379'), { host: 'redis.internal', port: 6379 })
  assert.deepEqual(parseTcpTarget('[::1]:80'), { host: '::1', port: 80 })
  for (const own of [6379, '6379', ':6379']) assert.deepEqual(parseTcpTarget(own), { host: undefined, port: 6379 })
})

test('anything else is refused with what is right', () => {
  for (const wrong of [
    'redis',
    'redis:',
    'redis:0',
    0,
    '65536',
    'redis:http',
    'unix:80',
    'fd://3',
    '::1:80',
    'a b:80',
    '',
  ]) {
    assert.throws(() => parseTcpTarget(wrong), {
      code: 'ERR_CONFIG_INVALID',
      message: `expected HOST:PORT or a port from 1 to 65535, got ${JSON.stringify(wrong)}`,
    })
  }
})

test('it is written as it is read', () => {
  assert.deepEqual(
    ['redis:1', '[::1]:80', 6379].map(value => formatTcpTarget(parseTcpTarget(value))),
    ['redis:1', '[::1]:80', '127.0.0.1:6379'],
  )
})

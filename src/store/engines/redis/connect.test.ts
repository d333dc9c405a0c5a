import assert from 'node:assert/strict'
import { registerHooks } from 'node:module'
import { test } from 'node:test'
import { loadIoredis, optionsOfUrl, optionsOfUrls, withoutSecret } from './connect.ts'

test('an address says host, port, user, password, database and TLS', () => {
  assert.deepEqual(optionsOfUrl('redis://localhost'), { host: 'localhost', port: 6379 })
  const everything = { host: 'db.example', port: 7000, db: 3, username: 'ann', password: 'p@ss/word' }
  assert.deepEqual(optionsOfUrl('redis://ann:p%40ss%2Fword@db.example:7000/3'), everything)
  assert.deepEqual(optionsOfUrl('redis://:secret@[::1]:7000'), { host: '::1', port: 7000, password: 'secret' })
  const tls = { host: 'db.example', port: 6379, tls: { servername: 'db.example' } }
  assert.deepEqual(optionsOfUrl('rediss://db.example'), tls)
  assert.deepEqual(optionsOfUrl('redis+unix:///run/redis.sock?db=2'), { path: '/run/redis.sock', db: 2 })
  assert.deepEqual(
    optionsOfUrls('redis://a:1,redis://b:2').map(({ host, port }) => [host, port]),
    [
      ['a', 1],
      ['b', 2],
    ],
  )
})

test('an address that is none is refused, and its password is never told', () => {
  for (const url of ['', 'localhost:6379', 'http://:hush@localhost', 'redis://:hush@localhost/x', 'redis://:hush@']) {
    assert.throws(
      () => optionsOfUrl(url),
      (error: Error & { code: string }) => error.code === 'STORE_ARGUMENT_INVALID' && !error.message.includes('hush'),
      url,
    )
  }
  assert.equal(withoutSecret('redis://ann:hush@a:1,rediss://:hush@b'), 'redis://a:1,rediss://b')
})

test('without ioredis it is said what to install', async () => {
  const hooks = registerHooks({
    resolve(specifier, context, next) {
      if (specifier.includes('ioredis')) throw Object.assign(new Error('not found'), { code: 'ERR_MODULE_NOT_FOUND' })
      return next(specifier, context)
    },
  })
  try {
    await assert.rejects(loadIoredis('/nowhere'), { code: 'STORE_UNSUPPORTED', message: /npm install ioredis$/ })
  } finally {
    hooks.deregister()
  }
})

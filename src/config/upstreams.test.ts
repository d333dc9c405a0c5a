import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkConfig } from './check.ts'
import { mergeLayers } from './layers.ts'

function check(proxy: object) {
  const value = { apps: { web: { edge: { proxy } } } }
  return checkConfig(mergeLayers({ cwd: '/', flags: {}, env: {}, mode: 'start' }, { name: 'saola.config.ts', value }), {
    dir: '/srv',
    env: {},
  })
}

test('the socket of an upstream counts from the folder of the configuration, however it is written', () => {
  const { config, problems } = check({
    '/a': 'unix:a.sock',
    '/b': { to: ['unix:run/b.sock', { url: 'unix:c.sock', weight: 2 }] },
    '/d': 'unix:/run/d.sock',
    '/e': 'http://127.0.0.1:9000',
  })
  assert.deepEqual(problems, [])
  const { proxy } = config?.apps.web?.edge ?? {}
  assert.deepEqual(
    Object.values(proxy ?? {}).map(({ to }) => to.map(({ url }) => url)),
    [
      ['unix:/srv/a.sock'],
      ['unix:/srv/run/b.sock', 'unix:/srv/c.sock'],
      ['unix:/run/d.sock'],
      ['http://127.0.0.1:9000'],
    ],
  )
})

test('an upstream that is none is told why, without its password', () => {
  const expected = 'expected http://HOST:PORT, https://HOST:PORT or unix:/PATH, without a path and a password'
  const { problems } = check({
    '/a': 'http://ann:secret@host',
    '/b': { to: ['http://a', 'http://b/v1'] },
    '/c': 'unix:',
    '/d': 5,
  })
  assert.deepEqual(problems, [
    `apps.web.edge.proxy["/a"] ${expected}, got "http://…@host".`,
    `apps.web.edge.proxy["/b"].to[1] ${expected}, got "http://b/v1".`,
    'apps.web.edge.proxy["/c"] expected unix:/PATH, got "unix:".',
    'apps.web.edge.proxy["/d"] expected an upstream such as "http://127.0.0.1:9001", "unix:/run/app.sock" or "program:legacy", ' +
      'or { to, … }, got 5.',
  ])
})

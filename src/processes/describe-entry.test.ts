import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeEntry } from './describe-entry.ts'

const of = (edge: object) => describeEntry({ app: undefined, edge: edge as never, cwd: '/srv/shop' })

test('what answers is the file of the application, or what the edge does without one', () => {
  assert.equal(describeEntry({ app: '/srv/shop/app.ts', edge: undefined, cwd: '/srv/shop' }), '/srv/shop/app.ts')
  assert.equal(of({ static: { '/': { dir: '/srv/shop/public' } } }), 'static ./public')
  assert.equal(of({ proxy: { '/': { to: [{ url: 'http://me:pw@a:1' }] } } }), 'proxy http://a:1')
  const mounts = Object.fromEntries(['/a', '/b', '/c'].map(path => [path, { dir: path }]))
  assert.equal(of({ static: mounts, proxy: { '/': 'unix:/x' } }), 'static /a /b and 1 more, proxy unix:/x')
  assert.equal(of({ redirects: { '/a': '/b' } }), 'redirects')
})

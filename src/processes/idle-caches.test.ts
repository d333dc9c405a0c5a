import assert from 'node:assert/strict'
import { test } from 'node:test'
import { resolveConfig } from '../config/resolve.ts'
import { idleCaches } from './idle-caches.ts'

test('a rule of the cache before sticky upstreams is warned of, unless it knows their cookie', () => {
  const to = 'http://127.0.0.1:1'
  const proxy = { '/api': { to, sticky: { cookie: 'node' } }, '/': { to } }
  const rule = (path: string, cookies: string[] = []) => ({ path, ttl: '1s', cookies })
  const edge = { proxy, cache: [rule('/api/news'), rule('/'), rule('/api', ['node']), rule('/apiary')] }
  const request = { cwd: '/', flags: {}, env: {}, mode: 'start' } as const
  const { config } = resolveConfig(request, 'saola.config.ts', { value: { apps: { web: { edge } } }, problems: [] })
  assert.deepEqual(idleCaches(config), [
    'apps.web.edge.cache keeps nothing at /api/news: sticky of proxy /api sets a cookie.',
  ])
})

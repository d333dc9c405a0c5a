import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ConfigFlags } from './config.ts'
import { originOf } from './draft.ts'
import { mergeLayers } from './layers.ts'

const merge = (flags: ConfigFlags, value?: Record<string, unknown>) =>
  mergeLayers({ cwd: '/srv/shop', flags, env: {}, mode: 'start' }, value && { name: 'saola.config.ts', value })

describe('--static and --proxy', () => {
  it('need no application, and count from where they were given', () => {
    const { raw, origins } = merge({ static: './public', proxy: ['http://127.0.0.1:9000', 'unix:x.sock'] })
    assert.deepEqual(raw, {
      apps: {
        web: {
          edge: {
            static: { '/': { dir: '/srv/shop/public' } },
            proxy: { '/': { to: ['http://127.0.0.1:9000', 'unix:/srv/shop/x.sock'] } },
          },
        },
      },
    })
    assert.equal(originOf(origins, 'apps.web.edge.static'), 'flag --static')
    assert.equal(originOf(origins, 'apps.web.edge.proxy'), 'flag --proxy')
  })

  it('are added to what the file has, in place of its own `/`', () => {
    const edge = { static: { '/': './old', '/a.b': './kept' } }
    const { raw, origins } = merge({ static: 'new' }, { apps: { shop: { app: 'a.ts', edge } } })
    assert.deepEqual(raw.apps, {
      shop: { app: 'a.ts', edge: { static: { '/': { dir: '/srv/shop/new' }, '/a.b': './kept' } } },
    })
    assert.equal(originOf(origins, 'apps.shop.edge.static'), 'file saola.config.ts, flag --static')
  })

  it('fit no one of several applications', () => {
    const { problems } = merge({ static: 'x', proxy: ['http://a'] }, { apps: { a: {}, b: {} } })
    assert.deepEqual(problems, [
      'The flag --static fits no single application: saola.config.ts has a, b. Set edge.static there.',
      'The flag --proxy fits no single application: saola.config.ts has a, b. Set edge.proxy there.',
    ])
  })
})

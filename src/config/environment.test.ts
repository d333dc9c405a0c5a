import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { hasVariable, variableOf } from './environment.ts'
import { options } from './generated.ts'

describe('environment variables', () => {
  it('are named after the path of the option', () => {
    assert.equal(variableOf('name'), 'SAOLA_NAME')
    assert.equal(variableOf('log.level'), 'SAOLA_LOG_LEVEL')
    assert.equal(variableOf('apps.web.timeout'), 'SAOLA_APPS_WEB_TIMEOUT')
    assert.equal(variableOf('apps.my-shop.graceful.websockets'), 'SAOLA_APPS_MY_SHOP_GRACEFUL_WEBSOCKETS')
    assert.equal(variableOf('apps.web.maxConnections'), 'SAOLA_APPS_WEB_MAX_CONNECTIONS')
  })

  it('stand for one option each', () => {
    const names = options.filter(hasVariable).map(({ path }) => variableOf(path.replace('*', 'web')))
    assert.deepEqual(names, [...new Set(names)])
  })
})

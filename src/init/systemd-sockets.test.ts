import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseAddress } from '../base/address.ts'
import type { DeployedApp, Deployment } from './deployment.ts'
import { planSockets, socketText } from './systemd-sockets.ts'

const app = (name: string, listen: readonly string[], redirect: readonly string[] = []) =>
  ({
    name,
    listen: listen.map(parseAddress),
    redirect: redirect.map(parseAddress),
    backlog: 100,
    variables: { listen: `LISTEN_OF_${name}`, redirect: `REDIRECT_OF_${name}` },
  }) as unknown as DeployedApp

function plan(...apps: readonly DeployedApp[]) {
  return planSockets({ name: 'shop', apps, otherListen: [parseAddress('10.0.0.1:9980')] } as unknown as Deployment)
}

describe('sockets of a service', () => {
  it('are bound by systemd, and a variable tells the application', () => {
    const { units, variables, left } = plan(
      app('web', ['127.0.0.1:80', ':81', '[::1]:82', 'localhost:83', 'unix:/run/s']),
    )
    const streams = ['127.0.0.1:80', '81', '[::1]:82', '127.0.0.1:83', '/run/s']
    assert.deepEqual(units, [{ file: 'shop.socket', name: 'web', streams, backlog: 100 }])
    assert.deepEqual(variables, [['LISTEN_OF_web', 'systemd:web']])
    assert.deepEqual(left, [parseAddress('10.0.0.1:9980')])
  })

  it('are a unit for each purpose, because all of a unit have one name', () => {
    const { units, variables } = plan(app('web', [':443'], [':80']), app('api', [':9000']))
    assert.deepEqual(
      units.map(({ file, name, streams }) => [file, name, ...streams]),
      [
        ['shop-web.socket', 'web', '443'],
        ['shop-web-redirect.socket', 'web-redirect', '80'],
        ['shop-api.socket', 'api', '9000'],
      ],
    )
    assert.deepEqual(variables, [
      ['LISTEN_OF_web', 'systemd:web'],
      ['REDIRECT_OF_web', 'systemd:web-redirect'],
      ['LISTEN_OF_api', 'systemd:api'],
    ])
  })

  it('keep the names that the configuration has for them', () => {
    const { units, variables, notes } = plan(app('web', ['systemd:http']))
    assert.deepEqual([units[0]?.name, units[0]?.streams, variables], ['http', ['8000'], []])
    assert.match(notes[0] ?? '', /apps\.web\.listen is a socket of systemd already/)
  })

  it('are left to the application where systemd could not bind them', () => {
    const { units, left, notes } = plan(app('web', ['shop.internal:80', ':81']))
    assert.deepEqual(units, [])
    assert.equal(left.length, 3)
    assert.match(notes[0] ?? '', /systemd cannot bind shop\.internal:80/)
  })

  it('of the file system belong to the user of the service', () => {
    const unit = { file: 'shop.socket', name: 'web', streams: ['/run/s'], backlog: 1 }
    assert.match(socketText(unit, { service: 'shop.service', user: 'shop' }), /^SocketUser=shop\nSocketMode=0660$/m)
    assert.doesNotMatch(socketText({ ...unit, streams: ['80'] }, { service: 's', user: 'shop' }), /SocketUser/)
  })
})

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { parseAddress } from '../base/address.ts'
import { exposedPorts, healthCommand, keptFolders, listenVariables, writtenFolders } from './container.ts'
import type { DeployedApp, Deployment } from './deployment.ts'

const app = (name: string, listen: readonly string[], more: Partial<DeployedApp> = {}): DeployedApp => ({
  name,
  listen: listen.map(parseAddress),
  redirect: [],
  hasTls: false,
  ready: undefined,
  backlog: 2048,
  variables: {
    listen: `SAOLA_APPS_${name.toUpperCase()}_LISTEN`,
    redirect: `SAOLA_APPS_${name.toUpperCase()}_TLS_REDIRECT`,
  },
  takesPort: name === 'web',
  preloads: [],
  ...more,
})

const deployment = (apps: readonly DeployedApp[], more: Partial<Deployment> = {}): Deployment => ({
  name: 'shop',
  folder: '/srv/shop',
  configFile: undefined,
  stateFolder: '/srv/shop/.saola',
  apps,
  writtenFolders: [],
  staticFolders: [],
  redis: undefined,
  commands: [],
  stopMs: 40_000,
  bootMs: 60_000,
  otherListen: [],
  ...more,
})

describe('addresses in a container', () => {
  const cases: readonly (readonly [
    listen: readonly string[],
    ports: readonly number[],
    variables: Record<string, string>,
  ])[] = [
    [['127.0.0.1:8000'], [8000], { PORT: '8000' }],
    [['localhost:3000'], [3000], { PORT: '3000' }],
    [[':8000'], [8000], {}],
    [['0.0.0.0:80', '[::]:80'], [80], {}],
    [['127.0.0.1:0'], [8000], { PORT: '8000' }],
    [['systemd:http'], [8000], { PORT: '8000' }],
    [['unix:/run/shop.sock'], [], {}],
    [['127.0.0.1:1', '10.0.0.5:2'], [1, 2], { SAOLA_APPS_WEB_LISTEN: '0.0.0.0:1,0.0.0.0:2' }],
    [['127.0.0.1:1', 'unix:/a.sock'], [1], { SAOLA_APPS_WEB_LISTEN: '0.0.0.0:1,unix:/a.sock' }],
  ]
  for (const [listen, ports, variables] of cases) {
    it(`of ${listen} are reached from outside`, () => {
      const given = deployment([app('web', listen)])
      assert.deepEqual(exposedPorts(given), ports)
      assert.deepEqual(Object.fromEntries(listenVariables(given)), variables)
    })
  }

  it('of several applications have a variable each', () => {
    const web = app('web', ['127.0.0.1:443'], { hasTls: true, redirect: [parseAddress('127.0.0.1:80')] })
    const given = deployment([web, app('api', ['127.0.0.1:9000'])])
    assert.deepEqual(exposedPorts(given), [443, 80, 9000])
    assert.deepEqual(Object.fromEntries(listenVariables(given)), {
      PORT: '443',
      SAOLA_APPS_WEB_TLS_REDIRECT: '0.0.0.0:80',
      SAOLA_APPS_API_LISTEN: '0.0.0.0:9000',
    })
  })
})

describe('folders in a container', () => {
  it('are where the project is, or where they were', () => {
    const given = deployment([], { writtenFolders: ['/srv/shop/logs', '/var/log/shop', '/srv/shop'] })
    assert.deepEqual(writtenFolders(given), ['/app/.saola', '/app/logs', '/var/log/shop', '/app'])
    assert.deepEqual(keptFolders(given), ['/app/.saola', '/app/logs', '/var/log/shop'], 'not the project itself')
  })
})

describe('the health check of a container', () => {
  async function check(t: TestContext, status: number, ready?: DeployedApp['ready'], env: NodeJS.ProcessEnv = {}) {
    const asked: (string | undefined)[] = []
    const server = createServer((request, response) => {
      asked.push(request.url)
      response.writeHead(status, status === 308 ? { location: 'https://example.org/' } : {}).end()
    }).listen(0, '127.0.0.1')
    t.after(() => server.close())
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const [, ...args] = healthCommand(deployment([app('web', [`127.0.0.1:${env.PORT ? 1 : port}`], { ready })]))
    const child = spawn(process.execPath, args, { stdio: 'inherit', env: env.PORT ? { PORT: String(port) } : {} })
    const [code] = await once(child, 'exit')
    return [code, ...asked]
  }

  it('asks the path that says whether the application is well', async t => {
    const ready = { path: '/health?a="b"', status: 204 }
    assert.deepEqual(await check(t, 204, ready), [0, '/health?a=%22b%22'])
    assert.equal((await check(t, 200, ready))[0], 1)
  })

  it('takes any answer but a fault of the server, where there is no such path', async t => {
    for (const status of [200, 308, 401, 404]) assert.deepEqual(await check(t, status), [0, '/'])
    assert.equal((await check(t, 503))[0], 1)
  })

  it('follows PORT, as the server does', async t => {
    assert.deepEqual(await check(t, 200, undefined, { PORT: 'set' }), [0, '/'])
  })

  it('fails when nobody listens, and only connects where there is TLS', async () => {
    const run = async (given: Deployment) => {
      const [, ...args] = healthCommand(given)
      return (await once(spawn(process.execPath, args), 'exit'))[0]
    }
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const tls = deployment([app('web', [`127.0.0.1:${port}`], { hasTls: true })])
    assert.equal(await run(tls), 0)
    server.close()
    await once(server, 'close')
    assert.equal(await run(tls), 1)
    assert.equal(await run(deployment([app('web', [`127.0.0.1:${port}`])])), 1)
  })

  it('asks the tree where nobody listens on a port', () => {
    assert.deepEqual(healthCommand(deployment([app('web', ['unix:/a.sock'])])), ['saola', 'status'])
  })
})

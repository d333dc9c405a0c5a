import assert from 'node:assert/strict'
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { ServerError } from '../base/errors.ts'
import { resolveConfig } from './resolve.ts'

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'saola-monitor-')))
writeFileSync(join(folder, 'app.ts'), '')
after(() => rmSync(folder, { recursive: true }))

function resolve(sections: object) {
  const value = { apps: { web: { app: './app.ts' } }, ...sections }
  const request = { cwd: folder, flags: {}, env: {}, mode: 'start' } as const
  return resolveConfig(request, join(folder, 'saola.config.ts'), { value, problems: [] })
}

function problemsOf(sections: object): readonly string[] {
  try {
    resolve(sections)
  } catch (error) {
    assert.ok(error instanceof ServerError, String(error))
    return error.problems
  }
  return assert.fail('It was accepted.')
}

describe('The addresses of dashboard and metrics', () => {
  it('are refused when another one has them', () => {
    const listen = '127.0.0.1:9090'
    assert.deepEqual(problemsOf({ dashboard: { listen }, metrics: { listen } }), [
      'metrics.listen expected an address of its own, got 127.0.0.1:9090, which dashboard has.',
    ])
    assert.deepEqual(problemsOf({ metrics: { listen: ':8000' } }), [
      'metrics.listen expected an address of its own, got :8000, which apps.web has.',
    ])
    assert.deepEqual(problemsOf({ metrics: { listen: ['unix:m', 'unix:m'] } }), [
      'metrics.listen expected an address of its own, got unix:m, which this section itself has.',
    ])
  })

  it('of the dashboard are those of which it is known where they listen', () => {
    for (const listen of ['systemd:web', 'fd://7']) {
      for (const more of [{}, { insecure: true }])
        assert.deepEqual(problemsOf({ dashboard: { listen, ...more } }), [
          `dashboard.listen expected HOST:PORT, :PORT, [::1]:PORT or unix:PATH, got ${listen}.`,
        ])
    }
    const [problem = ''] = problemsOf({ dashboard: { hosts: new Array(101).fill('a') } })
    assert.match(problem, /^dashboard\.hosts expected a list of up to 100 host names/)
  })

  it('have their sockets in the folder of the configuration', () => {
    const { config } = resolve({
      dashboard: { listen: 'unix:d.sock' },
      metrics: { listen: 'unix:m.sock', minReady: '50%' },
    })
    assert.deepEqual(config.dashboard.listen, [{ kind: 'unix', path: join(folder, 'd.sock') }])
    assert.deepEqual(config.metrics.listen, [{ kind: 'unix', path: join(folder, 'm.sock') }])
    assert.equal(config.metrics.minReady, '50%')
  })

  it('are what the other settings of metrics need', () => {
    assert.deepEqual(resolve({ metrics: { minReady: 2, allow: ['loopback'] } }).warnings, [
      'metrics.allow has no effect: metrics.listen is not set.',
      'metrics.minReady has no effect: metrics.listen is not set.',
    ])
    assert.deepEqual(resolve({ metrics: { listen: ':9100', minReady: 2 } }).warnings, [])
  })
})

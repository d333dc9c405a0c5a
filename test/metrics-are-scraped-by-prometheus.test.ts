/** A real Prometheus, which asks for OpenMetrics, scrapes a made-up tree in which names are hostile. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { metrics } from '../src/metrics/metrics.ts'
import { openMetrics } from '../src/metrics/metrics-server.ts'
import { freePort } from './support/free-port.ts'
import { request } from './support/http-connection.ts'
import { figures, hostileNames, status, store, taskFigures } from './support/metrics-look.ts'
import { root } from './support/tree.ts'
import { until } from './support/until.ts'

interface Found {
  readonly metric: Readonly<Record<string, string>>
  readonly value: readonly [number, string]
}

type Query = (expression: string) => Promise<readonly Found[]>

/** Scrapes every second; gone with the test. */
async function startPrometheus(t: TestContext, target: string): Promise<Query> {
  const dir = mkdtempSync(join(tmpdir(), 'saola-prometheus-'))
  const port = await freePort()
  writeFileSync(join(dir, 'alerts.yml'), readFileSync(join(root, 'docs', 'grafana', 'alerts.yml')))
  const scrape = { job_name: 'saola', static_configs: [{ targets: [target] }] }
  const config = {
    global: { scrape_interval: '1s', evaluation_interval: '1s' },
    rule_files: ['alerts.yml'],
    scrape_configs: [scrape],
  }
  // JSON is YAML.
  writeFileSync(join(dir, 'prometheus.yml'), JSON.stringify(config))
  const listen = `--web.listen-address=127.0.0.1:${port}`
  const args = ['--config.file=prometheus.yml', '--storage.tsdb.path=data', listen, '--log.level=error']
  const child = spawn('prometheus', args, { cwd: dir, stdio: ['ignore', 'inherit', 'inherit'] })
  t.after(() => {
    child.kill('SIGKILL')
    rmSync(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 20 })
  })
  const ask = (path: string) => request(`http://127.0.0.1:${port}`, { path }).catch(() => undefined)
  await until('Prometheus is ready', async () => (await ask('/-/ready'))?.status === 200)
  return async expression => {
    const answer = await ask(`/api/v1/query?query=${encodeURIComponent(expression)}`)
    return JSON.parse(String(answer?.body)).data.result
  }
}

async function startMadeUp(t: TestContext): Promise<string> {
  const [app] = figures.apps
  assert.ok(app?.edge)
  const routes = hostileNames.map(rule => ({ step: 'static', rule, requests: 7 }))
  const hostile = { ...figures, apps: [{ ...app, edge: { ...app.edge, routes } }] }
  const port = await freePort()
  const server = await openMetrics({
    places: [{ host: '127.0.0.1', port }],
    allow: ['loopback'],
    minReady: 1,
    sources: {
      status: async () => ({ ...status, name: hostileNames[0] as string }),
      figures: async () => hostile,
      store: async () => store,
      tasks: async () => taskFigures,
    },
  })
  t.after(() => server.close())
  return `127.0.0.1:${port}`
}

test('Prometheus takes every series, whatever names there are', async t => {
  const query = await startPrometheus(t, await startMadeUp(t))
  await until('it is scraped', async () => (await query('up == 1')).length === 1)
  const names = new Set((await query('{job="saola"}')).map(({ metric }) => metric.__name__))
  const missing = metrics.filter(({ name, type }) => !names.has(type === 'histogram' ? `${name}_bucket` : name))
  assert.deepEqual(
    missing.map(({ name }) => name),
    [],
  )
  const rules = await query('saola_edge_requests_total')
  assert.equal(rules.length, hostileNames.length)
  for (const { value } of rules) assert.equal(value[1], '7')
  assert.ok(rules.some(({ metric }) => metric.rule === hostileNames.at(-1)))
  assert.deepEqual(await query('saola_fake_total'), [])
  const [quantile] = await query('histogram_quantile(0.5, saola_http_request_duration_seconds_bucket)')
  const seconds = Number(quantile?.value[1])
  assert.ok(seconds > 0.0025 && seconds < 0.005, String(seconds))
  assert.equal((await query('saola_app_ready_workers == 2')).length, 1)
})

/** docs/metrics.md, the board for Grafana and the alerts: each metric and label in them exists, and Prometheus reads them. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { metrics } from '../src/metrics/metrics.ts'
import { metricsOptions } from '../src/metrics/options.ts'
import { promtool } from './support/promtool.ts'
import { makeProject, runSaola } from './support/saola-command.ts'

const docs = join(import.meta.dirname, '..', 'docs')
const page = readFileSync(join(docs, 'metrics.md'), 'utf8')
const alerts = readFileSync(join(docs, 'grafana', 'alerts.yml'), 'utf8')
const board: Board = JSON.parse(readFileSync(join(docs, 'grafana', 'saola.json'), 'utf8'))

interface Place {
  readonly h: number
  readonly w: number
  readonly x: number
  readonly y: number
}

interface Panel {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly gridPos: Place
  readonly datasource?: { readonly uid: string }
  readonly targets?: readonly { readonly expr: string; readonly datasource: { readonly uid: string } }[]
}

interface Board {
  readonly schemaVersion: number
  readonly panels: readonly Panel[]
  readonly annotations: { readonly list: readonly { readonly expr: string }[] }
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly type: string; readonly definition?: string }[]
  }
}

const panelExpressions = board.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))
const boardExpressions = [...panelExpressions, ...board.annotations.list.map(({ expr }) => expr)]
const pageExpressions = block('promql').trim().split('\n')

/** The first block of the page in this language. */
function block(language: string): string {
  return new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'ms').exec(page)?.[1] ?? assert.fail(`no ${language}`)
}

function folder(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'saola-docs-'))
  t.after(() => rmSync(dir, { recursive: true }))
  return dir
}

/** By the names of all their series. */
const rows = new Map(
  metrics.flatMap(metric => {
    const isHistogram = metric.type === 'histogram'
    const names = isHistogram ? ['_bucket', '_sum', '_count'].map(end => metric.name + end) : [metric.name]
    const labels = ['job', 'instance', ...metric.labels, ...(isHistogram ? ['le'] : [])]
    return names.map((name): [string, ReadonlySet<string>] => [name, new Set(labels)])
  }),
)

/** Labels are looked for in braces, and in `by (…)`, which must fit one of the metrics of the expression. */
function checkExpression(expression: string): void {
  const named = [...expression.matchAll(/\b(saola_\w+)(?:\{([^}]*)\})?/g)]
  const all = new Set<string>()
  for (const [, name = '', braces = ''] of named) {
    const labels = rows.get(name) ?? assert.fail(`There is no ${name}: ${expression}`)
    for (const label of labels) all.add(label)
    for (const [, label = ''] of braces.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g))
      assert.ok(labels.has(label), `${name} has no label ${label}: ${expression}`)
  }
  for (const [, list = ''] of expression.matchAll(/\bby \(([^)]*)\)/g))
    for (const label of list.split(/,\s*/)) assert.ok(all.has(label), `nothing has a label ${label}: ${expression}`)
}

test('every metric and label in the board, the alerts and the page exists', () => {
  assert.ok(boardExpressions.length > 50)
  for (const expression of [...boardExpressions, ...pageExpressions]) checkExpression(expression)
  const definitions = board.templating.list.flatMap(({ definition = '' }) => definition)
  for (const text of [alerts, page, ...definitions]) {
    for (const [name] of text.matchAll(/\bsaola_\w+\b/g)) assert.ok(rows.has(name) || /_$/.test(name), name)
  }
  for (const [, expression = ''] of alerts.matchAll(/^ +expr: (?:\|\n)?((?:.|\n {10,})*)/gm))
    checkExpression(expression)
})

test('every expression is one that Prometheus reads', t => {
  const dir = folder(t)
  const file = join(dir, 'rules.json')
  const read = (expression: string) => expression.replaceAll('$__rate_interval', '5m').replace(/\$\w+/g, '.*')
  const rules = [...boardExpressions, ...pageExpressions].map((expr, index) => ({
    record: `expression_${index}`,
    expr: read(expr),
  }))
  // JSON is YAML.
  writeFileSync(file, JSON.stringify({ groups: [{ name: 'all', rules }] }))
  assert.match(promtool(['check', 'rules', file]), new RegExp(`SUCCESS: ${rules.length} rules found`))
})

test('the alerts and the example of prometheus.yml are right', t => {
  const dir = folder(t)
  assert.match(promtool(['check', 'rules', join(docs, 'grafana', 'alerts.yml')]), /SUCCESS: \d+ rules found$/)
  writeFileSync(join(dir, 'alerts.yml'), alerts)
  writeFileSync(join(dir, 'prometheus.yml'), block('yaml'))
  assert.match(promtool(['check', 'config', join(dir, 'prometheus.yml')]), /is valid prometheus config file syntax/)
})

test('alerts are told when there is a reason, and not without one', t => {
  const dir = folder(t)
  const series = (name: string, values: string) => ({ series: name, values })
  const tests = [
    {
      interval: '1m',
      input_series: [
        series('saola_app_ready_workers{app="web"}', '2 2 0x20'),
        series('saola_app_needed_workers{app="web"}', '1x30'),
        series('saola_http_requests_total{app="web",code="2xx"}', '0+90x30'),
        series('saola_http_requests_total{app="web",code="5xx"}', '0+10x30'),
        series('saola_cron_last_run_successful{entry="backup"}', '1x30'),
      ],
      alert_rule_test: [
        { eval_time: '1m', alertname: 'SaolaWorkersAreMissing', exp_alerts: [] },
        {
          eval_time: '5m',
          alertname: 'SaolaWorkersAreMissing',
          exp_alerts: [
            {
              exp_labels: { app: 'web', severity: 'critical' },
              exp_annotations: { summary: 'web has 0 workers that are ready, which is less than it needs.' },
            },
          ],
        },
        {
          eval_time: '20m',
          alertname: 'SaolaAnswersWithErrors',
          exp_alerts: [
            {
              exp_labels: { app: 'web', severity: 'critical' },
              exp_annotations: { summary: '10% of the answers of web are errors.' },
            },
          ],
        },
        { eval_time: '20m', alertname: 'SaolaCronHasFailed', exp_alerts: [] },
      ],
    },
  ]
  writeFileSync(join(dir, 'alerts.yml'), alerts)
  writeFileSync(join(dir, 'test.yml'), JSON.stringify({ rule_files: ['alerts.yml'], tests }))
  assert.match(promtool(['test', 'rules', join(dir, 'test.yml')]), /SUCCESS$/)
})

test('the board is one that Grafana takes: numbered panels that do not overlap, on the data source that is chosen', () => {
  const { panels, schemaVersion } = board
  assert.ok(schemaVersion >= 39)
  assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length)
  const titles = panels.filter(({ type }) => type === 'row').map(({ title }) => title)
  assert.deepEqual(titles, ['Overview', 'Workers', 'Edge', 'Store', 'Tasks and cron', 'Programs'])
  assert.equal(board.templating.list[0]?.type, 'datasource')
  const taken = new Set<string>()
  for (const { type, title, gridPos, datasource, targets = [] } of panels) {
    assert.ok(gridPos.x + gridPos.w <= 24, title)
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
        assert.ok(!taken.has(`${x} ${y}`), `${title} stands on another`)
        taken.add(`${x} ${y}`)
      }
    }
    if (type === 'row') continue
    assert.ok(targets.length > 0, title)
    for (const { uid } of [datasource, ...targets.map(target => target.datasource)].filter(one => one !== undefined))
      assert.equal(uid, '$' + '{datasource}')
  }
})

test('the options are on the page, and its configuration is right', t => {
  for (const option of Object.keys(metricsOptions.unwrap().shape))
    assert.match(page, new RegExp(`^\\| \`${option}\` +\\|`, 'm'))
  const dir = makeProject(t, {
    files: { 'saola.config.ts': block('ts'), 'server.ts': 'export default { fetch: () => new Response() }' },
  })
  const { code, stdout, stderr } = runSaola(dir, ['check'])
  assert.equal(code, 0, stdout + stderr)
})

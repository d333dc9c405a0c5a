import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseExposition, sumOf } from '../../test/support/exposition.ts'
import { figures, hostileNames, look } from '../../test/support/metrics-look.ts'
import { type Format, formatFor, writeExposition } from './exposition.ts'
import type { Metric } from './metric.ts'
import { metrics } from './metrics.ts'

const formats: readonly Format[] = ['prometheus', 'openmetrics']

function metric(more: Partial<Metric> = {}): Metric {
  return { name: 'saola_things', type: 'gauge', help: 'Things.', labels: ['name'], read: () => [[['a'], 1]], ...more }
}

function write(row: Metric, format: Format = 'prometheus'): string {
  return writeExposition([row], look, format)
}

test('a metric is written with its help and its type', () => {
  assert.equal(write(metric()), '# HELP saola_things Things.\n# TYPE saola_things gauge\nsaola_things{name="a"} 1\n')
})

test('OpenMetrics names the family of a counter without its end, with its unit, and says where it is over', () => {
  const row = metric({
    name: 'saola_cpu_seconds_total',
    type: 'counter',
    unit: 'seconds',
    labels: [],
    read: () => [[[], 1.5]],
  })
  assert.equal(
    write(row, 'openmetrics'),
    '# TYPE saola_cpu_seconds counter\n# UNIT saola_cpu_seconds seconds\n# HELP saola_cpu_seconds Things.\nsaola_cpu_seconds_total 1.5\n# EOF\n',
  )
})

test('an info is a gauge for Prometheus, and an info in OpenMetrics', () => {
  const row = metric({ name: 'saola_build_info', type: 'info' })
  assert.match(write(row), /^# TYPE saola_build_info gauge$/m)
  assert.match(write(row, 'openmetrics'), /^# TYPE saola_build info$/m)
})

test('a histogram has cumulative buckets, the last of them with all', () => {
  const buckets = { bounds: [0.5, 1], counts: [1, 2, 3], sum: 9.25 }
  const row = metric({ type: 'histogram', labels: [], read: () => [[[], buckets]] })
  assert.equal(
    write(row).split('\n').slice(2).join('\n'),
    [
      'saola_things_bucket{le="0.5"} 1',
      'saola_things_bucket{le="1.0"} 3',
      'saola_things_bucket{le="+Inf"} 6',
      'saola_things_sum 9.25',
      'saola_things_count 6',
      '',
    ].join('\n'),
  )
})

test('a metric that nobody knows is left out whole', () => {
  assert.equal(write(metric({ read: () => [] })), '\n')
  assert.equal(write(metric({ read: () => [] }), 'openmetrics'), '# EOF\n')
})

test('no name can break out of its label', () => {
  for (const format of formats) {
    for (const name of hostileNames) {
      const { series } = parseExposition(write(metric({ read: () => [[[name], 1]] }), format))
      assert.equal(series.length, 1, JSON.stringify(name))
      const value = series[0]?.labels.name ?? ''
      assert.doesNotMatch(value, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u)
      assert.ok(value.length <= 6_000)
    }
  }
})

test('what can be seen in a name stays as it is', () => {
  const name = 'ünïcödé "漢字" \\ 🦌'
  assert.equal(parseExposition(write(metric({ read: () => [[[name], 1]] }))).series[0]?.labels.name, name)
})

test('a series that comes twice is written once', () => {
  const row = metric({
    read: () => [
      [['a'], 1],
      [['a'], 2],
    ],
  })
  assert.equal(sumOf(parseExposition(write(row)), 'saola_things'), 1)
})

test('numbers that are none are written as Prometheus reads them', () => {
  const numbers = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e21, 1e-7, 0]
  const row = metric({ read: () => numbers.map((value, index) => [[String(index)], value]) })
  const written = [...write(row).matchAll(/ (\S+)$/gm)].slice(-numbers.length).map(([, value]) => value)
  assert.deepEqual(written, ['NaN', '+Inf', '-Inf', '1e+21', '1e-7', '0'])
})

test('a tree with hostile names everywhere is told of in whole', () => {
  const [app] = figures.apps
  assert.ok(app?.edge)
  const hostile = {
    ...look,
    status: {
      ...look.status,
      name: hostileNames[0] as string,
      children: look.status.children.map((child, index) => ({ ...child, name: hostileNames[index] as string })),
    },
    figures: {
      ...figures,
      apps: [
        {
          ...app,
          edge: {
            ...app.edge,
            routes: hostileNames.map(rule => ({ step: 'static', rule, requests: 1 })),
            refusals: Object.fromEntries(hostileNames.map(reason => [reason, 1])),
          },
        },
      ],
    },
  }
  for (const format of formats) {
    const read = parseExposition(writeExposition(metrics, hostile, format))
    assert.equal(sumOf(read, 'saola_edge_requests_total'), hostileNames.length)
    assert.equal(sumOf(read, 'saola_edge_refusals_total'), hostileNames.length)
    assert.equal(sumOf(read, 'saola_fake_total'), undefined)
  }
})

test('OpenMetrics is given to who asks for it by name', () => {
  const prometheus2 =
    'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1'
  assert.equal(formatFor(prometheus2), 'openmetrics')
  assert.equal(formatFor('application/openmetrics-text'), 'openmetrics')
  const others = [
    undefined,
    '*/*',
    'text/html,*/*;q=0.8',
    'text/plain;version=0.0.4',
    'application/openmetrics-text;q=0',
    'application/openmetrics-text;version=2.0.0',
    'application/openmetrics-text;q=0.3,text/plain;q=0.5',
    'application/openmetrics-text;q=nonsense',
    ';;;=,,=',
  ]
  for (const accept of others) assert.equal(formatFor(accept), 'prometheus', accept)
})

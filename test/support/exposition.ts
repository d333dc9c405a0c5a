/** Reads the text format of Prometheus, and OpenMetrics, as strictly as they are defined: what is not right throws. */
import assert from 'node:assert/strict'

export interface Series {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export interface Exposition {
  readonly series: readonly Series[]
  /** Of each family, as its TYPE line has it. */
  readonly types: ReadonlyMap<string, string>
}

const namePattern = '[a-zA-Z_:][a-zA-Z0-9_:]*'
const labelPattern = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,?)/
const suffixes: Readonly<Record<string, RegExp>> = { histogram: /_(?:bucket|sum|count)$/, info: /_info$/ }

export function parseExposition(text: string): Exposition {
  const isOpenMetrics = text.endsWith('# EOF\n')
  const lines = text.slice(0, isOpenMetrics ? -'# EOF\n'.length : undefined).split('\n')
  assert.equal(lines.pop(), '', 'the last line ends with a line feed')
  const types = new Map<string, string>()
  const series: Series[] = []
  const seen = new Set<string>()
  let family = ''
  for (const line of lines) {
    const comment = new RegExp(`^# (HELP|TYPE|UNIT) (${namePattern}) (.+)$`).exec(line)
    if (comment) {
      const [, word, name = '', rest = ''] = comment
      if (name !== family) assert.ok(!types.has(name), `the lines of ${name} stand together`)
      family = name
      if (word === 'TYPE') {
        assert.ok(!types.has(name), `one TYPE of ${name}`)
        types.set(name, rest)
      }
      continue
    }
    const one = parseSeries(line)
    const type = types.get(family) ?? assert.fail(`${line} comes before its TYPE`)
    assert.equal(familyOf(one.name, type, isOpenMetrics), family, `${line} stands below its family`)
    const key = `${one.name} ${JSON.stringify(Object.entries(one.labels).sort())}`
    assert.ok(!seen.has(key), `${key} comes once`)
    seen.add(key)
    series.push(one)
  }
  return { series, types }
}

function familyOf(name: string, type: string, isOpenMetrics: boolean): string {
  const suffix = isOpenMetrics && type === 'counter' ? /_total$/ : suffixes[type]
  if (!suffix) return name
  assert.match(name, suffix)
  return name.replace(suffix, '')
}

function parseSeries(line: string): Series {
  const [, name = '', block, value = ''] =
    new RegExp(`^(${namePattern})(?:\\{(.*)\\})? (\\S+)$`, 's').exec(line) ?? assert.fail(`no sample: ${line}`)
  assert.match(value, /^(?:[+-]?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?|Inf)|NaN)$/)
  return { name, labels: parseLabels(block ?? ''), value: Number(value.replace('Inf', 'Infinity')) }
}

function parseLabels(block: string): Record<string, string> {
  const labels: Record<string, string> = {}
  for (let rest = block; rest !== ''; ) {
    const [all, name = '', value = '', comma] = labelPattern.exec(rest) ?? assert.fail(`no label: ${rest}`)
    assert.ok(!(name in labels), `${name} comes once`)
    labels[name] = value.replace(/\\(.)/g, (_, character) => (character === 'n' ? '\n' : character))
    rest = rest.slice(all.length)
    assert.equal(comma === '', rest === '', `labels are separated by one comma: ${block}`)
  }
  return labels
}

/** The values of the series that have these labels, added up; undefined when there is none. */
export function sumOf(
  { series }: Exposition,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  const found = series.filter(
    one => one.name === name && Object.entries(labels).every(([label, value]) => one.labels[label] === value),
  )
  return found.length === 0 ? undefined : found.reduce((sum, { value }) => sum + value, 0)
}

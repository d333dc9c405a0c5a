import { useEffect, useId, useLayoutEffect, useRef, useState } from 'preact/hooks'
import type uPlot from 'uplot'
import type { Mark } from '../../api.ts'
import { type ChartData, type Line, marksNear, pickRows, shownRange } from '../chart-data.ts'
import { drawChart, seriesColours } from '../draw-chart.ts'
import { drawInTurn, giveUpTurn } from '../frame-turns.ts'
import { memo } from '../memo.ts'
import { formatTime } from '../times.ts'
import { useScheme } from '../use-scheme.ts'
import { visibleText } from '../visible-text.ts'
import { Button } from './button.tsx'

interface ChartProps {
  readonly title: string
  /** Beside the title: `per second`. */
  readonly unit?: string
  readonly data: ChartData
  readonly marks: readonly Mark[]
  format(value: number): string
  readonly isFilled?: boolean
  /** Numbers on the axis are round by 1,024. */
  readonly isBytes?: boolean
  /** All that is shown, in milliseconds. */
  readonly spanMs: number
}

/** More are drawn, and not named one by one. */
const namedMax = 8
const tableRowsMax = 30

/** Lines over time, with their values of now or where one points, marks of what has happened, and the same as a table. */
export const Chart = memo(function Chart(props: ChartProps) {
  const { title, unit, data, format, marks, spanMs } = props
  const id = useId()
  const [point, setPoint] = useState<number>()
  const [isTable, setTable] = useState(false)
  const place = usePlot(props, setPoint)
  const [from, to] = shownRange(data.at, spanMs, Date.now())
  const at = point === undefined ? undefined : data.at[point]
  const near = at === undefined ? [] : marksNear(marks, at, (to - from) / 100)
  const row = point ?? data.at.length - 1
  return (
    <section class="chart" aria-labelledby={id}>
      <header class="chart-head">
        <h2 id={id}>{title}</h2>
        {unit && <span class="panel-note">{unit}</span>}
        <span class="chart-point">
          {at === undefined
            ? ''
            : [formatTime(at, Date.now()), ...near.map(({ text }) => visibleText(text))].join(' · ')}
        </span>
        <Button kind="plain" label={`${title} as a table`} isPressed={isTable} onClick={() => setTable(!isTable)}>
          Table
        </Button>
      </header>
      <div class="chart-canvas" ref={place} role="img" aria-label={describe(props)} hidden={isTable} />
      {isTable && <ChartTable {...props} />}
      <Legend lines={data.lines} row={row} format={format} />
    </section>
  )
})

/** Draws anew when colours or the number of lines change; else only the data are others. */
function usePlot(props: ChartProps, onPoint: (index: number | undefined) => void) {
  const place = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot>(null)
  const latest = useRef(props)
  latest.current = props
  const scheme = useScheme()
  const lineCount = props.data.lines.length
  useLayoutEffect(() => {
    const element = place.current as HTMLDivElement
    const drawn = drawChart({
      place: element,
      lineCount,
      isFilled: props.isFilled ?? false,
      isBytes: props.isBytes ?? false,
      format: props.format,
      range: () => shownRange(latest.current.data.at, latest.current.spanMs, Date.now()),
      marks: () => latest.current.marks,
      onPoint,
    })
    plot.current = drawn
    drawn.setData(columnsOf(latest.current.data))
    const watcher = new ResizeObserver(() => {
      if (element.clientWidth > 0) drawn.setSize({ width: element.clientWidth, height: drawn.height })
    })
    watcher.observe(element)
    return () => {
      watcher.disconnect()
      giveUpTurn(place)
      drawn.destroy()
    }
  }, [scheme, lineCount])
  useEffect(
    () => drawInTurn(place, () => plot.current?.setData(columnsOf(latest.current.data))),
    [props.data, props.marks, props.spanMs],
  )
  return place
}

function columnsOf({ at, lines }: ChartData): uPlot.AlignedData {
  return [at, ...lines.map(({ values }) => values)] as unknown as uPlot.AlignedData
}

interface LegendProps {
  readonly lines: readonly Line[]
  readonly row: number
  format(value: number): string
}

function Legend({ lines, row, format }: LegendProps) {
  return (
    <ul class="legend">
      {lines.slice(0, namedMax).map(({ label, values }, index) => (
        <li key={label}>
          <span class={`legend-mark series-${(index % seriesColours) + 1}`} aria-hidden="true" />
          <bdi>{visibleText(label)}</bdi>
          <b>{formatValue(values[row], format)}</b>
        </li>
      ))}
      {lines.length > namedMax && <li>and {lines.length - namedMax} more</li>}
    </ul>
  )
}

function formatValue(value: number | null | undefined, format: (value: number) => string): string {
  return value === null || value === undefined ? '–' : format(value)
}

function describe({ title, unit, data, format }: ChartProps): string {
  const row = data.at.length - 1
  const values = data.lines.map(({ label, values }) => `${label} ${formatValue(values[row], format)}`)
  return `${title} ${unit ?? ''} over time. Now: ${values.slice(0, 12).join(', ') || 'nothing yet'}.`
}

function ChartTable({ title, data, format }: ChartProps) {
  const lines = data.lines.slice(0, 2 * namedMax)
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and must do so by keys.
    <div class="chart-table" tabIndex={0}>
      <table aria-label={`${title}, the latest first`}>
        <thead>
          <tr>
            <th scope="col">Time</th>
            {lines.map(({ label }) => (
              <th key={label} scope="col">
                {visibleText(label)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {pickRows(data.at.length, tableRowsMax).map(row => (
            <tr key={data.at[row]}>
              <th scope="row">{formatTime(data.at[row], Date.now())}</th>
              {lines.map(({ label, values }) => (
                <td key={label}>{formatValue(values[row], format)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

/** A chart on a canvas, by uPlot: its options, and what it draws itself. */
import uPlot from 'uplot'
import type { Mark } from '../api.ts'
import { formatClock } from './times.ts'

export interface DrawOptions {
  readonly place: HTMLElement
  readonly lineCount: number
  format(value: number): string
  /** The first line is filled down to the axis. */
  readonly isFilled: boolean
  /** Numbers on the axis are round by 1,024. */
  readonly isBytes: boolean
  /** From and to, in milliseconds: all charts of a page have the same. */
  range(): readonly [number, number]
  marks(): readonly Mark[]
  /** The step that is pointed at; undefined when none is. */
  onPoint(index: number | undefined): void
}

export const seriesColours = 8
const heightPx = 148
/** Charts with one key have one cursor. */
const syncKey = 'saola'

export function drawChart(options: DrawOptions): uPlot {
  const { place, lineCount, isFilled, isBytes, format } = options
  const colour = colourReader(place)
  const grid = { stroke: colour('--line'), width: 1 }
  const axis = { stroke: colour('--ink-faint'), font: '11px system-ui, sans-serif', ticks: { show: false }, grid }
  const series = Array.from({ length: lineCount }, (_, index): uPlot.Series => {
    const stroke = colour(`--series-${(index % seriesColours) + 1}`)
    return {
      stroke,
      width: 1.5,
      points: { show: false },
      spanGaps: false,
      ...(isFilled && index === 0 && { fill: withAlpha(stroke, 0.14) }),
    }
  })
  return new uPlot(
    {
      width: Math.max(place.clientWidth, 100),
      height: heightPx,
      ms: 1,
      padding: [8, 6, 0, 0],
      legend: { show: false },
      cursor: {
        sync: { key: syncKey, setSeries: false },
        drag: { x: false, y: false },
        points: { size: 5 },
        y: false,
      },
      scales: {
        x: { time: true, range: () => [...options.range()] },
        y: { range: (_, __, max) => [0, niceTop(max)] },
      },
      axes: [
        {
          ...axis,
          size: 22,
          space: 70,
          values: (_, splits) => splits.map(at => formatClock(at)),
          grid: { show: false },
        },
        {
          ...axis,
          size: 58,
          space: 34,
          gap: 4,
          values: (_, splits) => splits.map(format),
          ...(isBytes && { incrs: byteSteps }),
        },
      ],
      series: [{}, ...series],
      hooks: {
        draw: [chart => drawMarks(chart, options.marks(), colour)],
        setCursor: [chart => options.onPoint(chart.cursor.idx ?? undefined)],
      },
    },
    [[], ...series.map(() => [])],
    place,
  )
}

const byteSteps = Array.from({ length: 45 }, (_, power) => 2 ** power)

/** An axis never ends at nothing: a line of zeros lies at the bottom. */
function niceTop(max: number | null): number {
  return max === null || !(max > 0) ? 1 : max * 1.08
}

type ReadColour = (name: string) => string

/** Canvases know no variables of style sheets, and those may be made of others. */
function colourReader(place: HTMLElement): ReadColour {
  const probe = document.createElement('span')
  place.append(probe)
  const colours = new Map<string, string>()
  for (const name of [...named, ...Array.from({ length: seriesColours }, (_, index) => `--series-${index + 1}`)]) {
    probe.style.color = `var(${name})`
    colours.set(name, getComputedStyle(probe).color)
  }
  probe.remove()
  return name => colours.get(name) ?? 'grey'
}

const named = ['--line', '--ink-faint', '--accent', '--warn', '--bad']

function withAlpha(colour: string, alpha: number): string {
  return colour.replace(/^rgb\(([^)]*)\)$/, `rgba($1, ${alpha})`)
}

const markColours: Readonly<Record<Mark['kind'], string>> = {
  reload: '--accent',
  'reload-failed': '--bad',
  restart: '--warn',
  death: '--bad',
}

function drawMarks({ ctx, bbox, valToPos, scales }: uPlot, marks: readonly Mark[], colour: ReadColour): void {
  const { min = 0, max = 0 } = scales.x ?? {}
  ctx.save()
  ctx.lineWidth = devicePixelRatio
  for (const { at, kind } of marks) {
    if (at < (min ?? 0) || at > (max ?? 0)) continue
    const left = Math.round(valToPos(at, 'x', true)) + 0.5
    ctx.strokeStyle = colour(markColours[kind])
    ctx.setLineDash(kind === 'reload' ? [] : [3 * devicePixelRatio, 3 * devicePixelRatio])
    ctx.beginPath()
    ctx.moveTo(left, bbox.top)
    ctx.lineTo(left, bbox.top + bbox.height)
    ctx.stroke()
  }
  ctx.restore()
}

import { type Paint, plain, type Style } from './terminal.ts'

export interface Column {
  readonly title: string
  /** Numbers stand at the right. */
  readonly align?: 'right'
}

/** A cell: its text, and how it looks when there are colours. */
export type Cell = string | { readonly text: string; readonly style: Style | undefined }

export interface TableOptions {
  readonly columns: readonly Column[]
  readonly rows: readonly (readonly Cell[])[]
  /** No line is longer than this; what stands at the right is cut. */
  readonly width?: number
  readonly paint?: Paint
}

const gap = '  '

/**
 * A table as lines, the titles first. Each column is as wide as its widest cell; what does not fit is cut at the right.
 *
 * ```ts
 * formatTable({ columns: [{ title: 'NAME' }, { title: 'PID', align: 'right' }], rows: [['web:0', '42']] })
 * // ['NAME   PID', 'web:0   42']
 * ```
 */
export function formatTable(options: TableOptions): string[] {
  const { columns, rows, width = Number.POSITIVE_INFINITY, paint = plain } = options
  const titles: Cell[] = columns.map(({ title }) => ({ text: title, style: 'dim' }))
  const widths = columns.map((_, index) => Math.max(...[titles, ...rows].map(row => textOf(row[index]).length)))
  return [titles, ...rows].map(row => formatRow(row, { columns, widths, width, paint }))
}

/**
 * The table without those columns, named by their titles in the order in which they can be done without, that it is too wide
 * with. The last column does not count: it is cut where it does not fit.
 */
export function formatFittingTable(options: TableOptions, expendable: readonly string[]): string[] {
  const { columns, rows, width = Number.POSITIVE_INFINITY } = options
  const counted = formatTable({ columns: columns.slice(0, -1), rows: rows.map(row => row.slice(0, -1)) })
  const widest = Math.max(...counted.map(line => line.length))
  const [title, ...others] = expendable
  if (widest <= width || title === undefined) return formatTable(options)
  const isKept = (index: number) => columns[index]?.title !== title
  return formatFittingTable(
    {
      ...options,
      columns: columns.filter((_, index) => isKept(index)),
      rows: rows.map(row => row.filter((_, index) => isKept(index))),
    },
    others,
  )
}

interface RowLayout {
  readonly columns: readonly Column[]
  readonly widths: readonly number[]
  readonly width: number
  readonly paint: Paint
}

function formatRow(row: readonly Cell[], { columns, widths, width, paint }: RowLayout): string {
  let line = ''
  let room = width
  columns.forEach(({ align }, index) => {
    const own = widths[index] ?? 0
    if (room <= 0) return
    const cell = row[index]
    const text = textOf(cell)
    const isLast = index === columns.length - 1
    const padded = align === 'right' ? text.padStart(own) : isLast ? text : text.padEnd(own)
    const shown = cut(padded, room)
    const style = typeof cell === 'object' ? cell.style : undefined
    line += (style ? paint(style, shown) : shown) + (isLast ? '' : gap.slice(0, Math.max(0, room - own)))
    room -= own + gap.length
  })
  return line.trimEnd()
}

function textOf(cell: Cell | undefined): string {
  return typeof cell === 'object' ? cell.text : (cell ?? '')
}

/** The text in at most `width` columns; one that was cut says so with its last character. */
export function cut(text: string, width: number): string {
  if (text.length <= width) return text
  return width < 1 ? '' : `${text.slice(0, width - 1).trimEnd()}…`
}

import type { ComponentChildren } from 'preact'
import { useMemo, useRef, useState } from 'preact/hooks'
import { memo } from '../memo.ts'
import { inOrderOf, type SortValue, sortRows } from '../sort-rows.ts'

export interface Column<Row> {
  readonly key: string
  readonly title: string
  /** What the title means, for who points at it. */
  readonly hint?: string
  readonly isNumber?: boolean
  /** Without it, the table cannot be sorted by this column. */
  sort?(row: Row): SortValue
  cell(row: Row): ComponentChildren
  /** The name of the row: it stands first, and on top of the card that a row is on a narrow screen. */
  readonly isHead?: boolean
  /** Buttons: no title on a card. */
  readonly isActions?: boolean
  /** Takes what is left of the width, and may be cut. */
  readonly isWide?: boolean
}

interface TableProps<Row> {
  /** What the rows are, for who cannot see it: `Workers of web`. */
  readonly label: string
  /** The same list from one drawing to the next: rows are drawn again when it is another one. */
  readonly columns: readonly Column<Row>[]
  /** A row is drawn again only when it is another object. */
  readonly rows: readonly Row[]
  rowKey(row: Row): string
  /** Marks a row: `draining`. */
  rowClass?(row: Row): string | undefined
  /** Shown below a row: what does not fit into it. */
  detail?(row: Row): ComponentChildren
  readonly firstSort?: { readonly key: string; readonly isDescending?: boolean }
  /** Instead of rows, when there is none. */
  readonly empty?: ComponentChildren
}

/** Rows in columns, sorted by a click on a title. On a narrow screen each row is a card. Arrow keys go from row to row. */
export function Table<Row>(props: TableProps<Row>) {
  const { label, columns, rows, rowKey, rowClass, detail, firstSort, empty } = props
  const [sort, setSort] = useState(firstSort)
  const sorted = useMemo(() => {
    const valueFor = columns.find(({ key }) => key === sort?.key)?.sort
    return valueFor ? sortRows(rows, valueFor, sort?.isDescending ?? false) : rows
  }, [rows, columns, sort])
  const { shown, ...body } = useHeldOrder(sorted, sort, rowKey)
  if (rows.length === 0 && empty) return <>{empty}</>
  const choose = ({ key, isNumber }: Column<Row>) =>
    setSort({ key, isDescending: sort?.key === key ? !sort.isDescending : (isNumber ?? false) })
  return (
    <table class="table" aria-label={label} onKeyDown={moveFocus}>
      <thead>
        <tr>
          {columns.map(column => (
            <HeadCell key={column.key} column={column as Column<never>} sort={sort} onSort={() => choose(column)} />
          ))}
        </tr>
      </thead>
      <tbody {...body}>
        {shown.map(row => (
          <BodyRow
            key={rowKey(row)}
            row={row}
            columns={columns as readonly Column<unknown>[]}
            class={rowClass?.(row)}
            detail={detail?.(row)}
          />
        ))}
      </tbody>
    </table>
  )
}

/** While somebody points at a row, or has the focus in one, none goes elsewhere: a click would be for another one. */
function useHeldOrder<Row>(sorted: readonly Row[], sort: object | undefined, rowKey: (row: Row) => string) {
  const ref = useRef<HTMLTableSectionElement>(null)
  const held = useRef<{ readonly sort: object | undefined; readonly keys: readonly string[] }>(undefined)
  const [, setLeft] = useState({})
  const before = held.current
  const isHeld = before?.sort === sort && ref.current?.matches(':hover, :focus-within')
  const shown = before && isHeld ? inOrderOf(sorted, before.keys, rowKey) : sorted
  held.current = { sort, keys: shown.map(rowKey) }
  return { shown, ref, onPointerLeave: () => setLeft({}), onFocusOut: () => setLeft({}) }
}

interface HeadCellProps {
  readonly column: Column<never>
  readonly sort: { readonly key: string; readonly isDescending?: boolean } | undefined
  onSort(): void
}

function HeadCell({ column: { key, title, hint, isNumber, isActions, sort: canSort }, sort, onSort }: HeadCellProps) {
  const isSorted = sort?.key === key
  const direction = sort?.isDescending ? 'descending' : 'ascending'
  return (
    <th scope="col" class={isNumber ? 'number' : ''} title={hint} aria-sort={isSorted ? direction : undefined}>
      {isActions ? (
        <span class="unseen">{title}</span>
      ) : canSort ? (
        <button type="button" class="sort" onClick={onSort}>
          {title}
          <span aria-hidden="true" class="sort-mark">
            {isSorted ? (sort.isDescending ? '↓' : '↑') : ''}
          </span>
        </button>
      ) : (
        title
      )}
    </th>
  )
}

interface BodyRowProps {
  readonly row: unknown
  readonly columns: readonly Column<unknown>[]
  readonly class: string | undefined
  readonly detail: ComponentChildren
}

const BodyRow = memo(function BodyRow({ row, columns, class: name, detail }: BodyRowProps) {
  return (
    <>
      <tr class={name}>
        {columns.map(column => (
          <BodyCell key={column.key} column={column} row={row} />
        ))}
      </tr>
      {detail && (
        <tr class="row-detail">
          <td colSpan={columns.length}>{detail}</td>
        </tr>
      )}
    </>
  )
})

function BodyCell({ column, row }: { readonly column: Column<unknown>; readonly row: unknown }) {
  const { title, isNumber, isHead, isActions, isWide, cell } = column
  const name = [isNumber && 'number', isHead && 'cell-head', isActions && 'cell-actions', isWide && 'cell-wide']
  const names = name.filter(Boolean).join(' ')
  if (isHead) {
    return (
      <th scope="row" class={names}>
        {cell(row)}
      </th>
    )
  }
  return (
    <td class={names} data-title={isActions ? undefined : title}>
      {cell(row)}
    </td>
  )
}

/** Arrow keys go to the button or link of the same place in the row above or below. */
function moveFocus(event: KeyboardEvent): void {
  const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0
  const from = event.target
  if (step === 0 || !(from instanceof HTMLElement) || from.matches('input, select, textarea')) return
  const focusable = 'button, a[href], input, select'
  const body = from.closest('table')?.tBodies[0]
  const rows = [...(body?.rows ?? [])].filter(row => row.querySelector(focusable))
  const at = rows.findIndex(row => row.contains(from))
  const index = [...(rows[at]?.querySelectorAll(focusable) ?? [])].indexOf(from)
  const next = rows[at < 0 ? 0 : at + step]?.querySelectorAll<HTMLElement>(focusable)
  const target = next?.[Math.min(Math.max(index, 0), next.length - 1)]
  if (!target) return
  event.preventDefault()
  target.focus()
}

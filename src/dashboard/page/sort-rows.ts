export type SortValue = string | number | null | undefined

/** A new list; what has no value comes last in both directions, and equal rows keep their order. */
export function sortRows<Row>(rows: readonly Row[], valueFor: (row: Row) => SortValue, isDescending: boolean): Row[] {
  return rows
    .map(row => ({ row, value: valueFor(row) }))
    .sort((one, other) => {
      if (isMissing(one.value) || isMissing(other.value))
        return Number(isMissing(one.value)) - Number(isMissing(other.value))
      const order = compare(one.value, other.value)
      return isDescending ? -order : order
    })
    .map(({ row }) => row)
}

/** In the order in which their keys stood before; new ones at the end. */
export function inOrderOf<Row>(
  rows: readonly Row[],
  keysBefore: readonly string[],
  rowKey: (row: Row) => string,
): readonly Row[] {
  const places = new Map(keysBefore.map((key, place) => [key, place]))
  const placeOf = (row: Row) => places.get(rowKey(row)) ?? keysBefore.length
  return [...rows].sort((one, other) => placeOf(one) - placeOf(other))
}

function isMissing(value: SortValue): value is null | undefined {
  return value === null || value === undefined
}

function compare(one: string | number, other: string | number): number {
  if (typeof one === 'number' && typeof other === 'number') return one - other
  return names.compare(String(one), String(other))
}

/** `web:2` before `web:10`. */
const names = new Intl.Collator('en', { numeric: true })

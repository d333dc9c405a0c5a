/** A number as Redis writes it: without an exponent where that is possible, and without a zero behind the point. */
export function formatFloat(value: number): string {
  if (value === Infinity) return 'inf'
  if (value === -Infinity) return '-inf'
  const text = String(value)
  if (!text.includes('e') || Math.abs(value) >= 1e21) return text
  return value.toFixed(17).replace(/\.?0+$/, '')
}

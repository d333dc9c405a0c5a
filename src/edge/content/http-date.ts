const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const names = months.join('|')
const time = '(?<hour>\\d{2}):(?<minute>\\d{2}):(?<second>\\d{2})'

// Sun, 06 Nov 1994 08:49:37 GMT
const fixed = new RegExp(`^[A-Z][a-z]{2}, (?<day>\\d{2}) (?<month>${names}) (?<year>\\d{4}) ${time} GMT$`)
// Sunday, 06-Nov-94 08:49:37 GMT
const old = new RegExp(`^[A-Z][a-z]{5,8}, (?<day>\\d{2})-(?<month>${names})-(?<year>\\d{2}) ${time} GMT$`)
// Sun Nov  6 08:49:37 1994
const asctime = new RegExp(`^[A-Z][a-z]{2} (?<month>${names}) (?<day>[ \\d]\\d) ${time} (?<year>\\d{4})$`)

/**
 * A date of HTTP in one of its three forms (RFC 9110, 5.6.7), in milliseconds since 1970. Undefined for anything else: a
 * condition with a date that is none does not count.
 */
export function parseHttpDate(text: string): number | undefined {
  if (text.length > 40) return undefined
  const match = fixed.exec(text) ?? old.exec(text) ?? asctime.exec(text)
  if (!match?.groups) return undefined
  const { day, month = '', year = '', hour, minute, second } = match.groups
  const date = [fullYear(year), months.indexOf(month), Number(day), Number(hour)] as const
  // There is no 31st of February, and no hour 28; but now and then there is a second 60.
  if (new Date(Date.UTC(...date)).getUTCDate() !== Number(day)) return undefined
  return Date.UTC(...date, Number(minute), Number(second))
}

/** Two digits mean the past half century or the next (RFC 9110, 5.6.7). */
function fullYear(text: string): number {
  const year = Number(text)
  if (text.length === 4) return year
  return year < 70 ? 2000 + year : 1900 + year
}

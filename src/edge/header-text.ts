/** A field as Node gives it, as one text: several lines of it are a list (RFC 9110, 5.3). */
export function headerText(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'object' ? value.join(', ') : value
}

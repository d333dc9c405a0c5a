// What could move a cursor, forge a line or turn the reading direction: control and format characters, separators.
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

/** The text with every control, format and line-separating character written as `\u001b`: safe for a terminal. */
export function printable(text: string): string {
  return text.replace(unprintable, escapeUnits)
}

/**
 * The text as a JSON string in which nothing is invisible: JSON leaves DEL, C1 and bidirectional controls as they are.
 *
 * ```ts
 * quoted('a "b"\n')  // "a \"b\"\n" with its quotes
 * ```
 */
export function quoted(text: string): string {
  return printable(JSON.stringify(text))
}

function escapeUnits(character: string): string {
  let escaped = ''
  for (let i = 0; i < character.length; i++) {
    escaped += `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`
  }
  return escaped
}

/**
 * Text of strangers, made such that one sees what it holds: names of keys, lines of logs and paths of requests may have anything
 * in them. Markup is no danger, because text is only ever put into text nodes; but characters that are not seen, or that turn the
 * order of what stands around them, could make a thing look like another.
 */

/** Control characters become their names (`⟨ESC⟩`), and those that turn or hide text their numbers (`⟨U+202E⟩`). */
export function visibleText(text: string): string {
  return isPlain(text) ? text : text.replace(hidden, show)
}

/** The same, but lines stay lines, and tabs tabs. */
export function visibleLines(text: string): string {
  return isPlain(text)
    ? text
    : text.replace(hidden, character => (/[\n\t]/.test(character) ? character : show(character)))
}

function isPlain(text: string): boolean {
  hidden.lastIndex = 0
  return !hidden.test(text)
}

// Control characters, direction marks and overrides, what has no width, separators of lines, and halves of surrogate pairs.
const hidden =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g

function show(character: string): string {
  const code = character.charCodeAt(0)
  return `⟨${controlNames[code] ?? `U+${code.toString(16).toUpperCase().padStart(4, '0')}`}⟩`
}

// Not the pictures of Unicode (U+2400): few fonts have them.
const controlNames =
  'NUL SOH STX ETX EOT ENQ ACK BEL BS TAB LF VT FF CR SO SI DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN EM SUB ESC FS GS RS US'.split(
    ' ',
  )

/** The text without what a terminal would make colours of: `\x1b[31m`. */
export function withoutColours(text: string): string {
  return text.includes('\u001b') ? text.replace(/\u001b\[[0-9;:]{0,40}m/g, '') : text
}

/** At most so many characters, and what was left out is said. */
export function cutText(text: string, charactersMax: number): string {
  return text.length <= charactersMax ? text : `${text.slice(0, charactersMax)}… (${text.length - charactersMax} more)`
}

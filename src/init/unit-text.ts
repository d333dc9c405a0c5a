/** How values stand in units of systemd (systemd.syntax(7)). */

/** One word of a list: of paths, of a command, of variables. */
export function unitWord(text: string): string {
  const escaped = unitText(text).replace(/[\\"]/g, '\\$&')
  return /^[\w@%+=:,./-]+$/.test(escaped) ? escaped : `"${escaped}"`
}

/** A whole value that is no list, such as a description or WorkingDirectory: quotes would be a part of it. */
export function unitText(text: string): string {
  return text.replaceAll('%', '%%')
}

/** A command: in it a dollar begins a variable, too. */
export function unitCommand(words: readonly string[]): string {
  return words.map(word => unitWord(word.replaceAll('$', '$$$$'))).join(' ')
}

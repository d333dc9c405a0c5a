/** Patterns as in Redis: `*`, `?`, `[abc]`, `[^a-z]`, and a backslash before what is meant as it is. Bytes, not letters. */
export function globOf(pattern: Buffer): (text: Buffer) => boolean {
  const text = pattern.toString('latin1')
  if (text === '*') return () => true
  const expression = new RegExp(`^${translate(text)}$`, 's')
  return candidate => expression.test(candidate.toString('latin1'))
}

/** What every match begins with. */
export function fixedPrefixOf(pattern: Buffer): Buffer {
  const end = pattern.findIndex(byte => [0x2a, 0x3f, 0x5b, 0x5c].includes(byte))
  return end < 0 ? pattern : pattern.subarray(0, end)
}

function translate(text: string): string {
  let result = ''
  for (let i = 0; i < text.length; i++) {
    const letter = text[i] as string
    const set = letter === '[' ? /^\[(\^?)((?:\\.|[^\]\\])*)\]/s.exec(text.slice(i)) : null
    if (letter === '*') {
      // Several are as one; else matching takes time without bound.
      if (text[i - 1] !== '*') result += '.*?'
    } else if (letter === '?') result += '.'
    else if (set) {
      result += setOf(set[1] ?? '', set[2] ?? '')
      i += set[0].length - 1
    } else if (letter === '\\' && i + 1 < text.length) result += escapeLetter(text[++i] as string)
    else result += escapeLetter(letter)
  }
  return result
}

function setOf(negation: string, body: string): string {
  if (body === '') return negation ? '.' : '(?!)'
  const letters = body.replace(/\\(.)|([\s\S])/g, (_, escaped: string | undefined, plain: string | undefined) =>
    plain === '-' ? '-' : escapeLetter(escaped ?? (plain as string)),
  )
  return `[${negation}${letters}]`
}

function escapeLetter(letter: string): string {
  return `\\x${letter.charCodeAt(0).toString(16).padStart(2, '0')}`
}

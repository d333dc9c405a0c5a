/** Small numbers between 0 and 1 from a seed, always the same ones. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** A request as it is on the wire. */
export function encode(...words: readonly string[]): Buffer {
  const parts = words.map(word => `$${Buffer.byteLength(word)}\r\n${word}\r\n`)
  return Buffer.from(`*${words.length}\r\n${parts.join('')}`)
}

const giants = [
  '-1',
  '-2',
  '0',
  '999999999',
  '2147483648',
  '4294967296',
  '9223372036854775807',
  '99999999999999999999',
  '1e9',
  '',
]
const marks = [
  '\r\n',
  '\n',
  '\r',
  '*',
  '$',
  '*1',
  '$0\r\n',
  '\0',
  '"',
  "'",
  '\\x',
  ' ',
  '*-1\r\n',
  '%2\r\n',
  '~1\r\n',
  '=3\r\n',
]

/** Some bytes of a valid session, changed in one to four places. */
export function mutate(bytes: Buffer, random: () => number): Buffer {
  let text = bytes.toString('latin1')
  for (let changes = 1 + Math.floor(random() * 4); changes > 0; changes--) {
    const at = Math.floor(random() * text.length)
    const length = 1 + Math.floor(random() * 8)
    const pick = (choices: readonly string[]) => choices[Math.floor(random() * choices.length)] as string
    const [before, after] = [text.slice(0, at), text.slice(at)]
    const way = Math.floor(random() * 8)
    if (way === 0) text = before + String.fromCharCode(Math.floor(random() * 256)) + after.slice(1)
    else if (way === 1) text = before + after.slice(length)
    else if (way === 2) text = before + after.slice(0, length) + after
    else if (way === 3) text = before + pick(marks) + after
    else if (way === 4) text = before
    else if (way === 5)
      text = before + String.fromCharCode(...Array.from({ length }, () => Math.floor(random() * 256))) + after
    else text = replaceNumber(text, at, pick(giants))
  }
  return Buffer.from(text, 'latin1')
}

/** The first number from here on. */
function replaceNumber(text: string, at: number, by: string): string {
  const found = /\d+/.exec(text.slice(at))
  if (!found) return text
  const from = at + found.index
  return text.slice(0, from) + by + text.slice(from + found[0].length)
}

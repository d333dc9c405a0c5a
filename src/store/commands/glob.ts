/** Patterns as in Redis: `*`, `?`, `[abc]`, `[^a-z]`, and a backslash before what is meant as it is. Bytes, not letters. */
export function globOf(pattern: Buffer): (text: Buffer) => boolean {
  const steps = stepsOf(pattern)
  if (steps.length === 1 && steps[0] === many) return () => true
  return text => matches(steps, text)
}

/** What every match begins with. */
export function fixedPrefixOf(pattern: Buffer): Buffer {
  const end = pattern.findIndex(byte => [star, question, bracket, backslash].includes(byte))
  if (end < 0) return pattern
  return pattern[end] === backslash ? prefixWithEscapes(pattern) : pattern.subarray(0, end)
}

const star = 0x2a
const question = 0x3f
const bracket = 0x5b
const bracketEnd = 0x5d
const backslash = 0x5c
const caret = 0x5e
const dash = 0x2d

/** Else a prefix in which a star is meant as it is would be looked for among all names. */
function prefixWithEscapes(pattern: Buffer): Buffer {
  const prefix: number[] = []
  for (let i = 0; i < pattern.length; i++) {
    let byte = pattern[i] as number
    if ([star, question, bracket].includes(byte)) break
    if (byte === backslash && i + 1 < pattern.length) byte = pattern[++i] as number
    prefix.push(byte)
  }
  return Buffer.from(prefix)
}

/** Any number of bytes. */
const many = 'many'
/** Any byte. */
const one = 'one'
/** What one step takes: a byte, one of a set by its number, or what is said above. */
type Step = number | Uint8Array | typeof many | typeof one

function stepsOf(pattern: Buffer): Step[] {
  const steps: Step[] = []
  for (let i = 0; i < pattern.length; i++) {
    const byte = pattern[i] as number
    if (byte === star) {
      if (steps.at(-1) !== many) steps.push(many)
    } else if (byte === question) steps.push(one)
    else if (byte === bracket) {
      const { set, end } = readSet(pattern, i + 1)
      steps.push(set)
      i = end
    } else if (byte === backslash && i + 1 < pattern.length) steps.push(pattern[++i] as number)
    else steps.push(byte)
  }
  return steps
}

/** `abc]`, `^a-z]`; one that has no end goes to the end of the pattern, as in Redis. Returns where its bracket is. */
function readSet(pattern: Buffer, start: number): { set: Uint8Array; end: number } {
  const isNegated = pattern[start] === caret
  const set = new Uint8Array(256).fill(isNegated ? 1 : 0)
  const isIn = isNegated ? 0 : 1
  let i = isNegated ? start + 1 : start
  for (; i < pattern.length && pattern[i] !== bracketEnd; i++) {
    if (pattern[i] === backslash && i + 1 < pattern.length) set[pattern[++i] as number] = isIn
    else if (pattern[i + 1] === dash && i + 2 < pattern.length) {
      const [from, to] = [pattern[i] as number, pattern[i + 2] as number]
      set.fill(isIn, Math.min(from, to), Math.max(from, to) + 1)
      i += 2
    } else set[pattern[i] as number] = isIn
  }
  return { set, end: i }
}

/**
 * Only the last `*` is ever tried again, one byte further each time: if what is behind it fits nowhere, no other place of an earlier
 * one helps. So a pattern of many stars takes no more than its length times that of the text.
 */
function matches(steps: readonly Step[], text: Buffer): boolean {
  let step = 0
  let at = 0
  let starStep = -1
  let starAt = 0
  while (at < text.length) {
    const wanted = steps[step]
    if (wanted === many) {
      starStep = step++
      starAt = at
    } else if (wanted !== undefined && takes(wanted, text[at] as number)) {
      step++
      at++
    } else if (starStep >= 0) {
      step = starStep + 1
      at = ++starAt
    } else return false
  }
  while (steps[step] === many) step++
  return step === steps.length
}

function takes(wanted: Exclude<Step, typeof many>, byte: number): boolean {
  if (wanted === one) return true
  return typeof wanted === 'number' ? wanted === byte : wanted[byte] === 1
}

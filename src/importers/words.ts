import type { Value } from './source.ts'

/** More words than this are no command. */
const wordsMax = 10_000

/**
 * The words of a command as Python's `shlex.split` has them: supervisord and Gunicorn read theirs with it.
 *
 * ```ts
 * splitWords(`celery -A shop worker -n "w1@%h"`)  // ['celery', '-A', 'shop', 'worker', '-n', 'w1@%h']
 * ```
 *
 * @throws {Error} when a quotation mark is not closed.
 */
export function splitWords(text: string): string[] {
  const words: string[] = []
  let word: string | undefined
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at)
    if (/\s/.test(character)) {
      if (word !== undefined) words.push(word)
      word = undefined
      continue
    }
    const quoted = character === "'" || character === '"' ? readQuoted(text, at) : undefined
    if (quoted) at = quoted.end
    else if (character === '\\') at++
    word = (word ?? '') + (quoted ? quoted.inside : text.charAt(at))
  }
  if (word !== undefined) words.push(word)
  if (words.length > wordsMax) throw new Error(`it has more than ${wordsMax} words`)
  return words
}

function readQuoted(text: string, start: number): { inside: string; end: number } {
  const mark = text.charAt(start)
  let inside = ''
  for (let at = start + 1; at < text.length; at++) {
    const character = text.charAt(at)
    if (character === mark) return { inside, end: at }
    const isEscape = mark === '"' && character === '\\' && /["\\]/.test(text.charAt(at + 1))
    inside += isEscape ? text.charAt(++at) : character
  }
  throw new Error(`the quotation mark at character ${start + 1} is not closed`)
}

/** Nothing in it that Saola, or a reader, could take for more than a letter. */
const plainWord = /^(?![~#])[\w@%+=:,./{}?![\]-]+$/

/** How a person writes it: as one text, unless a word needs quotes. */
export function commandOf(words: readonly string[]): Value {
  const isPlain = words.every(word => plainWord.test(word)) && !/^\w+=/.test(words[0] ?? '')
  return isPlain ? words.join(' ') : words
}

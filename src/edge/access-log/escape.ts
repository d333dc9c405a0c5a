import { isUtf8 } from 'node:buffer'

/** A longer value is cut and ends in `...`: a line must stay a line that readers take whole. In characters. */
const valueCharsMax = 8192

// Anything but visible ASCII without quotes and backslashes. Most values hold nothing of it and pass untouched.
const unsafe = /[^\x20\x21\x23-\x5b\x5d-\x7e]/
const unsafeEach = /[^\x20\x21\x23-\x5b\x5d-\x7e]/gu

/**
 * A value for a text format: quotes and backslashes get a backslash, every other byte outside visible ASCII becomes
 * `\xNN`, as in Apache's and nginx' logs. Node hands header bytes over as Latin-1, so UTF-8 comes out as its bytes.
 */
export function escapeText(value: string): string {
  const text = cut(value)
  return unsafe.test(text) ? text.replace(unsafeEach, escapeCharacter) : text
}

/** As escapeText, for a place between spaces: a space in it could forge the columns that follow. */
export function escapeWord(value: string): string {
  const text = escapeText(value)
  return text.includes(' ') ? text.replaceAll(' ', '\\x20') : text
}

/** A value as a JSON string of ASCII only. Bytes that are valid UTF-8 are read as such, else as Latin-1. */
export function escapeJson(value: string): string {
  const text = cut(value)
  if (!unsafe.test(text)) return `"${text}"`
  return JSON.stringify(fromLatin1(text)).replace(/[^\x20-\x7e]/g, unit => `\\u${hex(unit.charCodeAt(0), 4)}`)
}

function cut(value: string): string {
  return value.length > valueCharsMax ? `${value.slice(0, valueCharsMax)}...` : value
}

function escapeCharacter(character: string): string {
  if (character === '"' || character === '\\') return `\\${character}`
  const code = character.charCodeAt(0)
  if (code <= 0xff) return `\\x${hex(code, 2)}`
  // No header byte: an application has put the text there itself.
  return [...Buffer.from(character)].map(byte => `\\x${hex(byte, 2)}`).join('')
}

function fromLatin1(text: string): string {
  if (/[^\0-\xff]/.test(text)) return text
  const bytes = Buffer.from(text, 'latin1')
  return isUtf8(bytes) ? bytes.toString('utf8') : text
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0')
}

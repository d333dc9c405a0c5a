import { messageOf, ServerError } from './errors.ts'

/** Longer lines are looked at as far as this: a line that is no text must not hold up whoever reads it. */
const lineLengthMax = 16_384

/**
 * What a line must hold: a text, or a `/pattern/` with flags behind it as JavaScript has them.
 *
 * ```ts
 * linePattern('/listening on \\d+/i')('Listening on 8080')  // true
 * ```
 *
 * @throws {ServerError} ERR_CONFIG_INVALID when the pattern is none.
 */
export function linePattern(text: string): (line: string) => boolean {
  const [, source, flags] = /^\/(.+)\/([a-z]*)$/s.exec(text) ?? []
  if (source === undefined) return line => line.slice(0, lineLengthMax).includes(text)
  const pattern = compile(source, flags ?? '', text)
  return line => pattern.test(line.slice(0, lineLengthMax))
}

function compile(source: string, flags: string, text: string): RegExp {
  try {
    // With these two a pattern would remember where it was in the line before.
    return new RegExp(source, flags.replace(/[gy]/g, ''))
  } catch (error) {
    const reason = messageOf(error)
      .replace(/^Invalid regular expression: /, '')
      .replace(/^.*: /, '')
    const message = `expected a text or a pattern, got ${JSON.stringify(text)} (${reason})`
    throw new ServerError('ERR_CONFIG_INVALID', message, { cause: error })
  }
}

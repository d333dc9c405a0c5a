import type { Text } from '../text.ts'
import type { SectionReader } from './section-reader.ts'

/** `%(ENV_HOME)s/bin` without quotes is one word, too. */
const unquoted = /^(?:%\([^)]*\)[#0 +-]*\d*[sd]|%%|[^\s,'"#])+/

/**
 * Variables as supervisord reads them: `KEY="val, with a comma",KEY2=val2`. The last of a name counts.
 */
export function readVariables(reader: SectionReader, key = 'environment'): Map<string, Text> {
  const variables = new Map<string, Text>()
  const raw = reader.raw(key)
  if (raw === undefined) return variables
  let rest = skip(raw)
  while (rest !== '') {
    const name = /^[^\s=,'"]+(?=\s*=)/.exec(rest)?.[0]
    const value = name === undefined ? undefined : readValue(skip(rest.slice(name.length)).slice(1))
    if (name === undefined || value === undefined) {
      reader.report.skipped(reader.place(key), 'it is not KEY="value",KEY2="value2", and the rest of it was left out')
      break
    }
    variables.set(name, reader.expand(key, value.text))
    rest = skip(value.rest.replace(/^\s*,/, ''))
  }
  return variables
}

function readValue(text: string): { text: string; rest: string } | undefined {
  let rest = skip(text)
  let value = ''
  for (let isFirst = true; rest !== '' && !/^[\s,]/.test(rest); isFirst = false) {
    const quoted = /^'([^']*)'/.exec(rest) ?? /^"((?:\\["\\]|[^"])*)"/.exec(rest)
    const plain = quoted ? undefined : unquoted.exec(rest)?.[0]
    if (!quoted && plain === undefined) return isFirst ? undefined : { text: value, rest }
    value += quoted ? unescaped(quoted[0], quoted[1] ?? '') : plain
    rest = rest.slice(quoted?.[0].length ?? plain?.length)
  }
  return { text: value, rest }
}

function unescaped(whole: string, inside: string): string {
  return whole.startsWith('"') ? inside.replace(/\\(["\\])/g, '$1') : inside
}

/** Blanks, and comments, which may stand between them. */
function skip(text: string): string {
  return text.replace(/^(?:\s|#[^\n]*)+/, '')
}

/** What begins, ends or stands between the parts of JSON, or is one of them; space between them is left out. */
const token = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g

/** JSON with a part in a line; what is none stays as it is. Nothing else is changed, as it would be by reading and writing it: large numbers, the order of names. */
export function formatJson(json: string): string {
  if (!isJson(json)) return json
  const lines: string[] = ['']
  let depth = 0
  let before = ''
  const breakLine = () => lines.push('  '.repeat(depth))
  const add = (text: string) => {
    lines[lines.length - 1] += text
  }
  for (const [part] of json.matchAll(token)) {
    const isEnd = part === '}' || part === ']'
    if (isEnd) depth--
    const isEmpty = isEnd && (before === '{' || before === '[')
    const isFirst = before === '{' || before === '['
    if ((isEnd && !isEmpty) || (isFirst && !isEnd) || before === ',') breakLine()
    add(part === ':' ? ': ' : part)
    if (part === '{' || part === '[') depth++
    before = part
  }
  return lines.join('\n')
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

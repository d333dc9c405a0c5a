import { readFileSync, statSync } from 'node:fs'

const bytesMax = 1024 ** 2

/** `.listen(3000`, `.listen({ port: 3000`, `PORT || 3000`, `PORT ?? '3000'`. */
const patterns = [
  /\bPORT\s*(?:\|\||\?\?)\s*['"`]?(\d{2,5})\b/,
  /\.listen\(\s*['"`]?(\d{2,5})\b/,
  /\bport\s*[:=]\s*['"`]?(\d{2,5})\b/i,
]

export interface FoundPort {
  readonly port: number
  readonly line: number
}

/** The port that a script listens on, as far as one can see it without running it. */
export function findPort(path: string): FoundPort | undefined {
  const source = readScript(path)
  for (const pattern of patterns) {
    const found = pattern.exec(source)
    const port = Number(found?.[1])
    if (found && port > 0 && port <= 65_535) return { port, line: source.slice(0, found.index).split('\n').length }
  }
  return undefined
}

function readScript(path: string): string {
  try {
    const found = statSync(path)
    return found.isFile() && found.size <= bytesMax ? readFileSync(path, 'utf8') : ''
  } catch {
    // It is built later, or elsewhere: then its port is not known.
    return ''
  }
}

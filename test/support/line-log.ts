import { waitTimeoutMs } from './http-connection.ts'

/** A line of Saola's own log: the fixed name, and its fields. */
export interface LogEvent {
  readonly event: string
  readonly [field: string]: unknown
}

export interface WaitOptions {
  /** Lines before this one do not count: `tree.lines.length` means from now on. Default 0. */
  readonly since?: number
  /** Default 60,000. */
  readonly timeoutMs?: number
}

const shownLinesMax = 40

/** What a process has printed, line by line, and those who wait for a line of it. */
export class LineLog {
  readonly lines: string[] = []
  readonly #waiting = new Set<() => void>()
  #isClosed = false

  /** Reads a stream to its end. Its last line counts without a line break, too. */
  read(stream: NodeJS.ReadableStream): void {
    let rest = ''
    stream.setEncoding('utf8')
    stream.on('data', (text: string) => {
      const lines = (rest + text).split('\n')
      rest = lines.pop() ?? ''
      this.#add(lines)
    })
    stream.on('end', () => this.#add(rest === '' ? [] : [rest]))
  }

  /** Nothing more will come: whoever still waits is told so. */
  close(): void {
    this.#isClosed = true
    this.#wake()
  }

  /**
   * What the function makes of the first line that it takes.
   *
   * @throws {Error} when no such line comes in time, or none can come any more; with the last 40 lines.
   */
  waitFor<Value>(what: string, take: (line: string) => Value | undefined, options: WaitOptions = {}): Promise<Value> {
    const { since = 0, timeoutMs = waitTimeoutMs } = options
    let next = since
    return new Promise((resolve, reject) => {
      const finish = (settle: () => void): void => {
        clearTimeout(timer)
        this.#waiting.delete(look)
        settle()
      }
      const look = (): void => {
        for (; next < this.lines.length; next++) {
          const value = take(this.lines[next] ?? '')
          if (value === undefined) continue
          finish(() => resolve(value))
          return
        }
        if (this.#isClosed) finish(() => reject(this.#missing(`${what} never came, the process has ended`)))
      }
      const timer = setTimeout(() => {
        finish(() => reject(this.#missing(`${what} did not come in ${timeoutMs} ms`)))
      }, timeoutMs)
      this.#waiting.add(look)
      look()
    })
  }

  /** The last lines, as a text for an error. */
  tail(): string {
    return this.lines.slice(-shownLinesMax).join('\n')
  }

  #add(lines: readonly string[]): void {
    this.lines.push(...lines)
    this.#wake()
  }

  #wake(): void {
    for (const look of [...this.#waiting]) look()
  }

  #missing(text: string): Error {
    return new Error(`${text}. The last of ${this.lines.length} lines:\n${this.tail()}`)
  }
}

/** The event in a line of JSON, or undefined when the line is something else. */
export function parseEvent(line: string): LogEvent | undefined {
  if (!line.startsWith('{')) return undefined
  try {
    const value: unknown = JSON.parse(line)
    return isEvent(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isEvent(value: unknown): value is LogEvent {
  return typeof value === 'object' && value !== null && 'event' in value && typeof value.event === 'string'
}

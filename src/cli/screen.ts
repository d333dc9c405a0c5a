/** A terminal taken over as a whole, and given back as it was, however the command ends. */
import { constants } from 'node:os'

const enter = '\x1b[?1049h\x1b[?25l'
const leave = '\x1b[?25h\x1b[?1049l'

/** One key: a letter, or the sequence of an arrow. */
const keyPattern = /\x1b\[[0-9;]*[A-Za-z~]|[\s\S]/gu

/** Ctrl-L. */
const redrawKey = '\x0c'

/** What a terminal without UTF-8 is shown in place of what is more than ASCII. */
const asciiOf: Readonly<Record<string, string>> = { '…': '~', '→': '>' }

/**
 * ```ts
 * const screen = new Screen()
 * screen.draw(['hello'])
 * const key = await screen.nextKey(1_000)
 * screen.close()
 * ```
 */
export class Screen {
  readonly #keys: string[] = []
  readonly #isUtf8 = /utf-?8/i.test(process.env.LC_ALL || process.env.LC_CTYPE || process.env.LANG || '')
  /** What is on the screen now. */
  #shown: readonly string[] = []
  #wake: (() => void) | undefined
  #isOpen = true

  constructor() {
    process.stdout.write(enter)
    process.once('exit', this.close)
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.once(signal, () => process.exit(128 + constants.signals[signal]))
    }
    process.stdout.on('resize', this.#redraw)
    process.on('SIGCONT', this.#onContinue)
    // The terminal is gone, and with it whoever looked.
    process.stdout.on('error', () => process.exit(0))
    if (!process.stdin.isTTY) return
    process.stdin.setRawMode(true)
    process.stdin.setEncoding('utf8')
    process.stdin.on('data', this.#onData)
  }

  get width(): number {
    return process.stdout.columns || 80
  }

  get height(): number {
    return process.stdout.rows || 24
  }

  /** Shows these lines in the place of all others. Only those that have changed are written, so that nothing flickers. */
  draw(lines: readonly string[]): void {
    const shown = lines.slice(0, this.height).map(line => (this.#isUtf8 ? line : inAscii(line)))
    // Cleared before and not after: the last column of a full line would be cleared with the rest.
    const changed = shown.flatMap((line, row) =>
      line === this.#shown[row] ? [] : [`\x1b[${row + 1};1H\x1b[2K${line}`],
    )
    const rest = shown.length < this.#shown.length ? [`\x1b[${shown.length + 1};1H\x1b[J`] : []
    if (changed.length + rest.length > 0) process.stdout.write([...changed, ...rest].join(''))
    this.#shown = shown
  }

  /** The next key; undefined after `timeoutMs`, or when all is to be drawn again. */
  async nextKey(timeoutMs: number): Promise<string | undefined> {
    if (this.#keys.length === 0) {
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, timeoutMs)
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
      this.#wake = undefined
    }
    return this.#keys.shift()
  }

  readonly close = (): void => {
    if (!this.#isOpen) return
    this.#isOpen = false
    process.off('exit', this.close)
    process.stdout.off('resize', this.#redraw)
    process.off('SIGCONT', this.#onContinue)
    if (process.stdin.isTTY) {
      process.stdin.setRawMode(false)
      process.stdin.pause()
    }
    process.stdout.write(leave)
  }

  readonly #onData = (text: string): void => {
    for (const key of text.match(keyPattern) ?? []) {
      if (key === redrawKey) this.#redraw()
      else this.#keys.push(key)
    }
    this.#wake?.()
  }

  /** It was stopped: a shell has had the terminal meanwhile, and has set it as it likes it. */
  readonly #onContinue = (): void => {
    if (process.stdin.isTTY) {
      // Only a change is made.
      process.stdin.setRawMode(false)
      process.stdin.setRawMode(true)
    }
    process.stdout.write(enter)
    this.#redraw()
  }

  /** What is shown is not known any more: terminals move it when they are resized, each in its own manner, and others write there. */
  readonly #redraw = (): void => {
    process.stdout.write('\x1b[2J')
    this.#shown = []
    this.#wake?.()
  }
}

function inAscii(line: string): string {
  return line.replace(/[^\x00-\x7f]/gu, character => asciiOf[character] ?? '?')
}

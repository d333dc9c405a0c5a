/** A terminal taken over as a whole, and given back as it was, however the command ends. */
import { constants } from 'node:os'

const enter = '\x1b[?1049h\x1b[?25l'
const leave = '\x1b[?25h\x1b[?1049l'

/** One key: a letter, or the sequence of an arrow. */
const keyPattern = /\x1b\[[0-9;]*[A-Za-z~]|[\s\S]/gu

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
  #wake: (() => void) | undefined
  #isOpen = true

  constructor() {
    process.stdout.write(enter)
    process.once('exit', this.close)
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.once(signal, () => process.exit(128 + constants.signals[signal]))
    }
    process.stdout.on('resize', this.#onResize)
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

  /** Shows these lines in the place of all others. */
  draw(lines: readonly string[]): void {
    const shown = lines.slice(0, this.height)
    // Cleared before and not after: the last column of a full line would be cleared with the rest.
    process.stdout.write(`\x1b[H${shown.map(line => `\x1b[2K${line}`).join('\r\n')}\x1b[J`)
  }

  /** The next key; undefined after `timeoutMs`, or when the size of the terminal has changed. */
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
    process.stdout.off('resize', this.#onResize)
    if (process.stdin.isTTY) {
      process.stdin.setRawMode(false)
      process.stdin.pause()
    }
    process.stdout.write(leave)
  }

  readonly #onData = (text: string): void => {
    this.#keys.push(...(text.match(keyPattern) ?? []))
    this.#wake?.()
  }

  readonly #onResize = (): void => this.#wake?.()
}

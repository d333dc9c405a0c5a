import type { Readable } from 'node:stream'
import { type Clock, systemClock } from '../../base/clock.ts'
import { formatPretty, type LogRecord } from '../../base/log.ts'
import { History, type HistoryLimits, type OutputLine } from './history.ts'
import { formatJsonLines, formatRecord, type LineFormat, Prefixer } from './line-format.ts'
import { LineSplitter } from './line-splitter.ts'
import { readBlocks, TurnBudget } from './read-blocks.ts'
import type { RotatingFile } from './rotating-file.ts'
import type { Sink } from './sink.ts'
import { type OnLine, Subscriber } from './subscriber.ts'

export type { OutputLine } from './history.ts'

export interface OutputOptions {
  readonly format: LineFormat
  /** Colours in `pretty`. */
  readonly color: boolean
  /** Where lines go that have no file of their own: stdout. */
  readonly sink: Sink
  /** Lines kept for each source, to show later; 1000 by default. */
  readonly historyLines?: number
  /** Bytes of memory for them, for each source; 256 KiB by default. */
  readonly historyBytes?: number
  readonly clock?: Clock
}

export interface Subscription {
  /** `web:0`, or `web` for all of `web:0`, `web:1`, …; everything by default. */
  readonly source?: string
  /** How many lines of the past come first; 0 by default. */
  readonly backlog?: number
  readonly onLine: OnLine
}

/** The supervisor's own source in the history. */
const ownSource = 'saola'

/** 256 KiB: the largest head that Node takes, with every byte escaped, is still one line. */
const accessLineBytesMax = 256 * 1024

/**
 * A busy worker hands over its lines a thousand times a second. Read each time, they cost the supervisor as much as the
 * worker; the pipe has room for 15 ms of a worker at full load.
 */
const accessRestMs = 10

/**
 * Everything that the tree says, on its way out: the children's stdout and stderr, their access logs, and Saola's own log.
 *
 * Children are read as fast as the loop allows and never made to wait for a disk or a reader: what cannot be written in
 * time is dropped and counted, by source. Nothing here throws.
 *
 * ```ts
 * const output = createOutput({ format: 'pretty', color: true, sink: openStdout() })
 * await Promise.all([output.attach('web:0', 'stdout', child.stdout), output.attach('web:0', 'stderr', child.stderr)])
 * ```
 */
export function createOutput(options: OutputOptions): Output {
  return new Output(options)
}

export class Output {
  readonly #format: LineFormat
  readonly #color: boolean
  readonly #sink: Sink
  readonly #clock: Clock
  readonly #historyLimits: HistoryLimits
  readonly #prefixer: Prefixer
  readonly #budget = new TurnBudget()
  readonly #histories = new Map<string, History>()
  readonly #dropped = new Map<string, number>()
  readonly #subscribers = new Map<Subscriber, string | undefined>()

  constructor(options: OutputOptions) {
    this.#format = options.format
    this.#color = options.color
    this.#sink = options.sink
    this.#clock = options.clock ?? systemClock
    this.#historyLimits = { linesMax: options.historyLines ?? 1000, bytesMax: options.historyBytes ?? 256 * 1024 }
    this.#prefixer = new Prefixer(options)
  }

  /**
   * Takes over a stream of a child and reads it to its end, also after the child's. Its lines go to the sink in the format
   * of this output, or as they are to `file`.
   */
  attach(source: string, stream: 'stdout' | 'stderr', readable: Readable, file?: RotatingFile): Promise<void> {
    const onBlock = (block: Buffer) => {
      const time = this.#clock.date()
      const lines = this.#format === 'raw' || file ? undefined : linesOf(block)
      const out = lines ? this.#formatLines(lines, source, stream, time) : block
      this.#countDropped(source, (file ?? this.#sink).write(out))
      this.#keep(source, stream, time, lines ?? linesOf(block))
    }
    return readBlocks(readable, { splitter: new LineSplitter(), budget: this.#budget, onBlock })
  }

  /** Forwards a worker's access log, whose lines are finished, to `target`, by default the sink. Resolves at its end. */
  access(source: string, readable: Readable, target: Sink = this.#sink): Promise<void> {
    const splitter = new LineSplitter({ lineBytesMax: accessLineBytesMax })
    const onBlock = (block: Buffer) => this.#countDropped(source, target.write(block))
    return readBlocks(readable, { splitter, budget: this.#budget, onBlock, restMs: accessRestMs })
  }

  /** Writes a record of Saola's own log. */
  write(record: LogRecord): void {
    const text = formatRecord(record, this.#format, this.#prefixer, this.#color)
    this.#countDropped(ownSource, this.#sink.write(text))
    this.#keep(ownSource, 'log', record.time, formatPretty(record, { color: false }).split('\n'))
  }

  /** The last lines of a source (see Subscription), oldest first; `lines` of them, or all that are kept. */
  history({ source, lines = Number.POSITIVE_INFINITY }: { source?: string; lines?: number } = {}): OutputLine[] {
    if (lines <= 0) return []
    const chosen = [...this.#histories]
      .filter(([name]) => isMeant(source, name))
      .map(([, history]) => history.toArray())
    const all = chosen.flat()
    // A stable sort: lines of one source that came at once keep their order.
    if (chosen.length > 1) all.sort((a, b) => a.time - b.time)
    return all.slice(-lines)
  }

  /** Follows the output, after `backlog` lines of the past. Returns what ends it. */
  subscribe({ source, backlog = 0, onLine }: Subscription): () => void {
    const subscriber = new Subscriber(onLine, this.history({ source, lines: backlog }))
    this.#subscribers.set(subscriber, source)
    return () => {
      subscriber.end()
      this.#subscribers.delete(subscriber)
    }
  }

  /** Lines of a source that were dropped since the start, because a disk or a reader was too slow, full or gone. */
  dropped(source: string): number {
    return this.#dropped.get(source) ?? 0
  }

  /** Forgets a source that will not come again: its history and its count. */
  forget(source: string): void {
    this.#histories.delete(source)
    this.#dropped.delete(source)
  }

  /** Writes out what waits for the sink: true when that was possible within `timeoutMs`. */
  flush(timeoutMs: number): Promise<boolean> {
    return this.#sink.flush(timeoutMs)
  }

  #formatLines(lines: readonly string[], source: string, stream: 'stdout' | 'stderr', time: Date): string {
    if (this.#format === 'json') return formatJsonLines(lines, { source, stream, time })
    return this.#prefixer.lines(lines, source, stream)
  }

  #keep(source: string, stream: OutputLine['stream'], date: Date, lines: readonly string[]): void {
    const time = date.getTime()
    const history = this.#historyOf(source)
    const followers = this.#followersOf(source)
    for (const text of lines) {
      const line: OutputLine = { time, source, stream, text }
      history.add(line)
      for (const follower of followers) follower.offer(line)
    }
  }

  #historyOf(source: string): History {
    const known = this.#histories.get(source)
    if (known) return known
    const history = new History(this.#historyLimits)
    this.#histories.set(source, history)
    return history
  }

  #followersOf(source: string): Subscriber[] {
    const followers: Subscriber[] = []
    for (const [subscriber, wanted] of this.#subscribers) {
      if (subscriber.isEnded) this.#subscribers.delete(subscriber)
      else if (isMeant(wanted, source)) followers.push(subscriber)
    }
    return followers
  }

  #countDropped(source: string, lines: number): void {
    if (lines > 0) this.#dropped.set(source, this.dropped(source) + lines)
  }
}

/** The lines of a block, without newlines: UTF-8, as all that is printed is supposed to be. */
function linesOf(block: Buffer): string[] {
  const text = block.toString('utf8')
  const lines = (text.includes('\r\n') ? text.replaceAll('\r\n', '\n') : text).split('\n')
  lines.pop()
  return lines
}

function isMeant(wanted: string | undefined, source: string): boolean {
  return wanted === undefined || wanted === source || source.startsWith(`${wanted}:`)
}

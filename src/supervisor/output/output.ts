import type { Readable } from 'node:stream'
import { type Clock, systemClock } from '../../base/clock.ts'
import { formatPretty, type LogRecord } from '../../base/log.ts'
import { DropCounts } from './drop-counts.ts'
import { History, type HistoryLimits, type OutputBlock, type OutputLine } from './history.ts'
import { countLines } from './line-buffer.ts'
import { formatJsonLines, formatRecord, jsonBytesMin, type LineFormat, linesOf, Prefixer } from './line-format.ts'
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
  /** Lines of a source were dropped; told at once, and then not more often than every 10 seconds, with all since. */
  readonly onDropped?: (source: string, lines: number) => void
}

export interface Subscription {
  /** `web:0`, or `web` for all of `web:0`, `web:1`, …; everything by default. */
  readonly source?: string
  /** How many lines of the past come first; 0 by default. */
  readonly backlog?: number
  readonly onLine: OnLine<OutputLine>
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
  readonly #dropped: DropCounts
  readonly #subscribers = new Map<Subscriber<OutputLine>, string | undefined>()

  constructor(options: OutputOptions) {
    this.#format = options.format
    this.#color = options.color
    this.#sink = options.sink
    this.#clock = options.clock ?? systemClock
    this.#historyLimits = { linesMax: options.historyLines ?? 1000, bytesMax: options.historyBytes ?? 256 * 1024 }
    this.#prefixer = new Prefixer(options)
    this.#dropped = new DropCounts((source, lines) => {
      // Nobody would hear that what Saola itself has to say is dropped, and saying it would be one line more.
      if (source !== ownSource) options.onDropped?.(source, lines)
    })
  }

  /**
   * Takes over a stream of a child and reads it to its end, also after the child's. Its lines go to the sink in the format
   * of this output, or as they are to `file`.
   */
  attach(source: string, stream: 'stdout' | 'stderr', readable: Readable, file?: RotatingFile): Promise<void> {
    const onBlock = (block: Buffer) => {
      const time = this.#clock.date()
      const dropped = file ? file.write(block, source) : this.#print(block, { source, stream, time })
      this.#dropped.add(source, dropped)
      this.#keep({ source, stream, time: time.getTime(), bytes: block })
    }
    return readBlocks(readable, { splitter: new LineSplitter(), budget: this.#budget, onBlock })
  }

  /** Forwards a worker's access log, whose lines are finished, to `target`, by default the sink. Resolves at its end. */
  access(source: string, readable: Readable, target: Sink = this.#sink): Promise<void> {
    const splitter = new LineSplitter({ lineBytesMax: accessLineBytesMax })
    const onBlock = (block: Buffer) => this.#dropped.add(source, target.write(block, source))
    return readBlocks(readable, { splitter, budget: this.#budget, onBlock, restMs: accessRestMs })
  }

  /** Writes a record of Saola's own log. */
  write(record: LogRecord): void {
    const text = formatRecord(record, this.#format, this.#prefixer, this.#color)
    this.#dropped.add(ownSource, this.#sink.write(text, ownSource))
    const bytes = Buffer.from(`${formatPretty(record, { color: false })}\n`)
    this.#keep({ source: ownSource, stream: 'log', time: record.time.getTime(), bytes })
  }

  /** The last lines of a source (see Subscription), oldest first; `lines` of them, or all that are kept. */
  history({ source, lines = Number.POSITIVE_INFINITY }: { source?: string; lines?: number } = {}): OutputLine[] {
    if (lines <= 0) return []
    const chosen = [...this.#histories]
      .filter(([name]) => isMeant(source, name))
      .map(([, history]) => history.toArray(lines))
    const all = chosen.flat()
    // A stable sort: lines of one source that came at once keep their order.
    if (chosen.length > 1) all.sort((a, b) => a.time - b.time)
    return all.slice(-lines)
  }

  /** Follows the output, after `backlog` lines of the past. Returns what ends it. */
  subscribe({ source, backlog = 0, onLine }: Subscription): () => void {
    const gap = (missed: number) => this.#gap(missed)
    const subscriber = new Subscriber({ onLine, gap, backlog: this.history({ source, lines: backlog }) })
    this.#subscribers.set(subscriber, source)
    return () => {
      subscriber.end()
      this.#subscribers.delete(subscriber)
    }
  }

  /** Lines of a source that were dropped since the start, because a disk or a reader was too slow, full or gone. */
  dropped(source: string): number {
    return this.#dropped.of(source)
  }

  /** Forgets a source that will not come again: its history and its count. */
  forget(source: string): void {
    this.#histories.delete(source)
    this.#dropped.forget(source)
  }

  /** Writes out what waits for the sink: true when that was possible within `timeoutMs`. */
  flush(timeoutMs: number): Promise<boolean> {
    return this.#sink.flush(timeoutMs)
  }

  /** To the sink, in the format of this output. Returns the number of lines dropped. */
  #print(block: Buffer, origin: { source: string; stream: 'stdout' | 'stderr'; time: Date }): number {
    const { source, stream } = origin
    const isJson = this.#format === 'json'
    // A program that prints faster than anybody reads costs no more than to be counted.
    if (!this.#sink.hasRoom(isJson ? jsonBytesMin(block) : block.length, source)) {
      return this.#sink.drop(countLines(block))
    }
    if (this.#format === 'raw') return this.#sink.write(block, source)
    return this.#sink.write(
      isJson ? formatJsonLines(block, origin) : this.#prefixer.lines(block, source, stream),
      source,
    )
  }

  #keep(block: OutputBlock): void {
    this.#historyOf(block.source).add(block)
    const followers = this.#followersOf(block.source)
    if (followers.length === 0) return
    const { time, source, stream, bytes } = block
    for (const text of linesOf(bytes)) {
      for (const follower of followers) follower.offer({ time, source, stream, text })
    }
  }

  #historyOf(source: string): History {
    const known = this.#histories.get(source)
    if (known) return known
    const history = new History(this.#historyLimits)
    this.#histories.set(source, history)
    return history
  }

  #followersOf(source: string): Subscriber<OutputLine>[] {
    const followers: Subscriber<OutputLine>[] = []
    for (const [subscriber, wanted] of this.#subscribers) {
      if (subscriber.isEnded) this.#subscribers.delete(subscriber)
      else if (isMeant(wanted, source)) followers.push(subscriber)
    }
    return followers
  }

  /** Stands in the output for lines that a reader has missed. */
  #gap(lines: number): OutputLine {
    const text = `log.gap lines=${lines} reason="the reader is too slow"`
    return { time: this.#clock.date().getTime(), source: ownSource, stream: 'log', text }
  }
}

function isMeant(wanted: string | undefined, source: string): boolean {
  return wanted === undefined || wanted === source || source.startsWith(`${wanted}:`)
}

/**
 * What a disk holds when the power fails. `strace` tells each write of a process to some files, and each sync; from that any
 * moment can be played again, without what was not synced, or with some of it. Linux only.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** A call that has ended, in the order of their ends. */
export type DiskEvent =
  | { readonly kind: 'write'; readonly path: string; readonly at: number; readonly data: Buffer; readonly time: number }
  | { readonly kind: 'truncate'; readonly path: string; readonly length: number; readonly time: number }
  /** It covers what had ended when it began: the events before `from`. */
  | { readonly kind: 'sync'; readonly path: string; readonly from: number; readonly time: number }

type Change = Exclude<DiskEvent, { kind: 'sync' }>

/** What became of the writes that were not synced. */
export type Loss = 'all' | 'none' | 'the first ones' | 'the last ones' | 'some blocks'
export const losses: readonly Loss[] = ['all', 'none', 'the first ones', 'the last ones', 'some blocks']

const blockBytes = 512

/** Whether this machine can trace. */
export function canTrace(): boolean {
  return spawnSync('strace', ['-f', '-o', '/dev/null', process.execPath, '--version']).status === 0
}

/** To be put before a command: its writes and syncs of these files, and those of all that it starts, go to `output`. */
export function tracing(output: string, paths: readonly string[]): string[] {
  const calls = 'trace=write,pwrite64,ftruncate,fsync,fdatasync'
  const options = ['-f', '-y', '-qq', '-ttt', '-xx', '-s', '70000']
  const files = paths.flatMap(path => ['-P', path])
  return ['strace', ...options, '-e', calls, '-e', 'signal=none', ...files, '-o', output]
}

/** The events of a trace; a last line that was not written to its end is left out. */
export function readTrace(file: string): DiskEvent[] {
  const events: DiskEvent[] = []
  const begun = new Map<string, { readonly text: string; readonly from: number }>()
  for (const line of readFileSync(file, 'latin1').split('\n')) {
    const [, thread = '', time = '', call = ''] = /^(\d+)\s+(\d+\.\d+) (.*)$/.exec(line) ?? []
    if (call.endsWith('<unfinished ...>')) {
      begun.set(thread, { text: call.slice(0, -'<unfinished ...>'.length), from: events.length })
      continue
    }
    const rest = /^<\.\.\. \w+ resumed>(.*)$/.exec(call)?.[1]
    const { text = '', from = events.length } = rest === undefined ? {} : (begun.get(thread) ?? {})
    const event = eventOf(text.trimEnd() + (rest ?? call), from, Number(time))
    if (event) events.push(event)
  }
  return events
}

function eventOf(call: string, from: number, time: number): DiskEvent | undefined {
  const [, name, file = '', rest = ''] = /^(\w+)\(\d+<([^>]*)>(?:, )?(.*)$/.exec(call) ?? []
  // strace writes it in hexadecimal, too.
  const path = file.startsWith('\\x') ? bytesOf(file).toString() : file
  if (name === 'fsync' || name === 'fdatasync') return { kind: 'sync', path, from, time }
  if (name === 'ftruncate') return { kind: 'truncate', path, length: Number.parseInt(rest, 10), time }
  const [, text, at = '0', written] = /^"([^"]*)", \d+(?:, (\d+))?\)\s+= (\d+)/.exec(rest) ?? []
  if (text === undefined) return undefined
  return { kind: 'write', path, at: Number(at), data: bytesOf(text).subarray(0, Number(written)), time }
}

function bytesOf(text: string): Buffer {
  return text.startsWith('\\x') ? Buffer.from(text.replaceAll('\\x', ''), 'hex') : Buffer.from(text, 'latin1')
}

/** A file on a disk that holds back what was not synced. */
export class DiskFile {
  readonly #durable = new Content()
  #pending: { readonly change: Change; readonly index: number }[] = []

  /** An event of this file, with its place among all. */
  apply(event: DiskEvent, index: number): void {
    if (event.kind !== 'sync') {
      this.#pending.push({ change: event, index })
      return
    }
    for (const { change, index } of this.#pending) if (index < event.from) this.#durable.change(change)
    this.#pending = this.#pending.filter(pending => pending.index >= event.from)
  }

  /** What is there when the power is back. */
  afterPowerLoss(loss: Loss): Buffer {
    const content = new Content(this.#durable)
    // Few are another danger than many: what is old stands between what is new.
    const share = Math.random() ** 3
    for (const { change } of this.#surviving(loss)) {
      for (const part of loss === 'some blocks' ? someOf(change, share) : [change]) content.change(part)
    }
    return content.bytes
  }

  #surviving(loss: Loss): readonly { readonly change: Change }[] {
    const middle = Math.floor(Math.random() * (this.#pending.length + 1))
    if (loss === 'all') return []
    if (loss === 'the first ones') return this.#pending.slice(middle)
    return loss === 'the last ones' ? this.#pending.slice(0, middle) : this.#pending
  }
}

class Content {
  #room: Buffer
  #length: number

  constructor(of?: Content) {
    this.#room = Buffer.from(of?.bytes ?? '')
    this.#length = this.#room.length
  }

  get bytes(): Buffer {
    return this.#room.subarray(0, this.#length)
  }

  change(change: Change): void {
    if (change.kind === 'truncate') {
      this.#resize(change.length)
      return
    }
    this.#resize(Math.max(this.#length, change.at + change.data.length))
    change.data.copy(this.#room, change.at)
  }

  #resize(length: number): void {
    if (length > this.#room.length) this.#room = Buffer.concat([this.bytes], length * 2)
    // What was beyond the end is zero when the file grows again.
    else if (length > this.#length) this.#room.fill(0, this.#length, length)
    this.#length = length
  }
}

/** A disk writes blocks, in any order. */
function* someOf(change: Change, share: number): Generator<Change> {
  if (change.kind === 'truncate') {
    if (Math.random() < share) yield change
    return
  }
  const end = change.at + change.data.length
  for (let from = change.at; from < end; ) {
    const to = Math.min(end, from - (from % blockBytes) + blockBytes)
    if (Math.random() < share)
      yield { ...change, at: from, data: change.data.subarray(from - change.at, to - change.at) }
    from = to
  }
}

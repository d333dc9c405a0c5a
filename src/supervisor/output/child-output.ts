import {
  type ChildDefinition,
  isApp,
  isProgram,
  type LogFile,
  type OutputFiles,
  type ProgramDefinition,
} from '../app-definition.ts'
import type { RunningChild } from '../child-process.ts'
import type { OpenFiles } from './open-files.ts'
import type { Output } from './output.ts'
import type { RotatingFile } from './rotating-file.ts'
import { endsWithin } from './sink.ts'

interface Targets extends OutputFiles {
  /** `undefined`: the supervisor's own output; a child that has none is read to its end all the same. */
  readonly accessLog: LogFile | undefined | 'none'
}

/** Reads what children print, each stream to its end, into the place that its definition names. */
export class ChildOutput {
  readonly #output: Output
  readonly #files: OpenFiles
  readonly #streams = new Set<Promise<unknown>>()

  constructor({ output, files }: { readonly output: Output; readonly files: OpenFiles }) {
    this.#output = output
    this.#files = files
  }

  /** A child has been started; `source` is its name: `web:0`. */
  attach(source: string, running: RunningChild, { stdout, stderr, accessLog }: Targets): void {
    const output = this.#output
    this.#into(stdout, file => output.attach(source, 'stdout', running.stdout, file))
    this.#into(stderr, file => output.attach(source, 'stderr', running.stderr, file))
    const lines = running.accessLog
    if (lines && accessLog !== 'none') this.#into(accessLog, file => output.access(source, lines, file))
    else lines?.resume()
  }

  /** Resolves when the last words of all are written; a grandchild that escaped its group may hold a pipe open for ever. */
  async ended(timeoutMs: number): Promise<void> {
    await endsWithin(Promise.all(this.#streams), timeoutMs)
  }

  /** Holds a log file open for as long as the stream runs that goes into it. */
  #into(to: LogFile | undefined, run: (file: RotatingFile | undefined) => Promise<void>): void {
    const written = this.#files.use(to, run)
    this.#streams.add(written)
    void written.finally(() => this.#streams.delete(written))
  }
}

/** Where the output of a child goes: of a program, that of one of its processes. */
export function targetsOf(definition: ChildDefinition | ProgramDefinition, index: number): Targets {
  if (isProgram(definition)) return { ...definition.filesOf(index), accessLog: 'none' }
  const { stdout, stderr } = definition
  return { stdout, stderr, accessLog: isApp(definition) ? definition.accessLog : 'none' }
}

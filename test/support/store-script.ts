import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { OpenOptions } from '../../src/store/open-options.ts'
import { openStore, type Store } from '../../src/store.ts'
import { waitTimeoutMs } from './http-connection.ts'
import { inTime } from './in-time.ts'
import { root } from './tree.ts'
import { killMarked, markName } from './tree-processes.ts'
import { until } from './until.ts'

let foldersMade = 0
/** Where compiled code lies, each with all that an owner and a script load. */
const warm = new Set<string>()

/** A folder for a store, new or that of a tree, and scripts that use it. Nothing of it outlives the test. */
export function storeFolder(t: TestContext, existing?: string): StoreFolder {
  const dir = existing ?? realpathSync(mkdtempSync(join(tmpdir(), 'saola-store-')))
  const folder = new StoreFolder(dir, `${process.pid}-store-${++foldersMade}`)
  // The owner that this process itself starts carries the mark, too.
  process.env[markName] = folder.mark
  // That of all tests, where there is one: without it each process compiles the whole store anew.
  const compileCache = process.env.NODE_COMPILE_CACHE
  t.after(() => {
    delete process.env[markName]
    if (compileCache === undefined) delete process.env.NODE_COMPILE_CACHE
    else process.env.NODE_COMPILE_CACHE = compileCache
    killMarked(folder.mark)
    if (existing === undefined) rmSync(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 20 })
  })
  return folder
}

export class StoreFolder {
  readonly dir: string
  readonly mark: string

  constructor(dir: string, mark: string) {
    this.dir = dir
    this.mark = mark
  }

  /** Opens it here. A call may take as long as anything in a test: on a busy machine an owner is not there soon. */
  open(options: Partial<OpenOptions> = {}): Store {
    return openStore({ dir: this.dir, timeoutMs: waitTimeoutMs, ...options })
  }

  /** Runs a module that has `store`, `print` and `arguments_` at hand, and resolves with what it printed. */
  async run(body: string, ...args: string[]): Promise<string> {
    const { child, output } = this.start(body, ...args)
    const timer = setTimeout(() => child.kill('SIGKILL'), 4 * waitTimeoutMs)
    const [code, signal] = await once(child, 'exit').finally(() => clearTimeout(timer))
    const text = await output
    if (code !== 0) throw new Error(`the script ended with ${code ?? signal}:\n${text}`)
    return text.trim()
  }

  /** Starts it. */
  start(body: string, ...args: string[]): { readonly child: ChildProcess; readonly output: Promise<string> } {
    const script = `
      import { openStore, StoreError } from ${JSON.stringify(join(root, 'src/store.ts'))}
      const arguments_ = ${JSON.stringify(args)}
      const print = text => process.stdout.write(text + '\\n')
      const store = openStore({ dir: ${JSON.stringify(this.dir)}, timeoutMs: ${waitTimeoutMs} })
      ${body}
      await store.close()`
    const env = { ...process.env, [markName]: this.mark, NODE_TEST_CONTEXT: undefined }
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let text = ''
    child.stdout?.setEncoding('utf8').on('data', part => {
      text += part
    })
    return { child, output: once(child, 'close').then(() => text) }
  }

  /**
   * Lets all that is started from now on begin in a fifth of the time: for tests that kill many. One that is killed does not
   * leave its compiled code for the next, so one of each kind runs to its end here.
   */
  async warmUp(): Promise<void> {
    process.env.NODE_COMPILE_CACHE ??= join(this.dir, 'compile-cache')
    if (warm.has(process.env.NODE_COMPILE_CACHE)) return
    warm.add(process.env.NODE_COMPILE_CACHE)
    await this.run(`await store.counter('warm').increment()`)
    await until('the owner has ended by itself', () => this.ownerId() === undefined)
  }

  /** The process that owns the store; undefined when none runs. Linux only. */
  ownerId(): number | undefined {
    return this.#processes().find(({ command }) => command.startsWith('saola: store:0'))?.id
  }

  #processes(): { readonly id: number; readonly command: string }[] {
    return readdirSync('/proc')
      .filter(name => /^\d+$/.test(name))
      .flatMap(name => {
        try {
          if (!readFileSync(`/proc/${name}/environ`, 'latin1').includes(`${markName}=${this.mark}\0`)) return []
          return [{ id: Number(name), command: readFileSync(`/proc/${name}/cmdline`, 'latin1') }]
        } catch {
          return []
        }
      })
  }
}

/** The first line that a script prints; rejects when it ends before, or has printed none in 60 s. */
export async function firstLine({ stdout }: ChildProcess): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  let text = ''
  const onData = (part: string) => {
    text += part
    if (text.includes('\n')) resolve(text.slice(0, text.indexOf('\n')))
  }
  const onEnd = () => reject(new Error('the script has ended'))
  stdout?.on('data', onData).on('end', onEnd)
  try {
    return await inTime(promise, () => `the script has printed no line in ${waitTimeoutMs} ms`)
  } finally {
    stdout?.off('data', onData).off('end', onEnd)
  }
}

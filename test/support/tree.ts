/**
 * Whole trees for whole-server tests: real processes in a folder of their own, which are gone when the test is over,
 * however it ended.
 *
 * ```ts
 * const tree = await startTree(t, { files: { 'app.mjs': 'export default { fetch: () => new Response("hi") }' } })
 * const reloaded = tree.waitForEvent('reload.done', {}, { since: tree.lines.length })
 * tree.signal('SIGHUP')
 * await reloaded
 * ```
 */
import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import type { TestContext } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { controlSocketOf, stateFolderOf } from '../../src/base/state-folder.ts'
import type { CallName, OperationTypes } from '../../src/control/operations.ts'
import type { TreeStatus } from '../../src/ipc/status.ts'
import { request, waitTimeoutMs } from './http-connection.ts'
import { inTime } from './in-time.ts'
import { LineLog, type LogEvent, parseEvent, type WaitOptions } from './line-log.ts'
import { killMarked, markName, processesMarked, signalProcess } from './tree-processes.ts'
import { until } from './until.ts'

export const root = dirname(dirname(import.meta.dirname))

export interface TreeOptions {
  /** Written into the folder: path in it → text. */
  readonly files?: Readonly<Record<string, string>>
  /** A folder whose content is copied in first. */
  readonly fixture?: string
  /** Packages of the project that the application imports. `saola` is always there. */
  readonly packages?: readonly string[]
  /**
   * Written as saola.config.json when it is an object, as saola.config.ts when it is a text. Applications of an object that do
   * not say how many workers they have get one, as those without a configuration do.
   */
  readonly config?: object | string
  /**
   * The application. Default without a configuration `./app.ts` if that is among the files, else `./app.mjs`, and none with one.
   * TypeScript only where that matters: its types are stripped anew in each folder, a quarter of the CPU time of a start.
   * False: the command line says nothing at all.
   */
  readonly app?: string | false
  /** Further arguments. Without a configuration and without `-b`, `-b 127.0.0.1:0` is added. */
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Default `start`. */
  readonly command?: 'start' | 'dev'
  /** Default `SAOLA_TEST_NODE`, or the Node that runs the test. */
  readonly node?: string
  /** The folder of an earlier tree, to start another one in it. */
  readonly dir?: string
  /** Instead of dist/bin.js. */
  readonly bin?: string
  /** A command that begins the command line, and ends by becoming what follows: `['setpriv', '--reuid=65534', …]`. */
  readonly wrapper?: readonly string[]
  /** A user that the folder belongs to; all may read it then. By default only who runs the test may. */
  readonly owner?: number
  /** Descriptors that it inherits, from 3 on. */
  readonly fds?: readonly number[]
}

export interface TreeExit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface CliResult extends TreeExit {
  readonly stdout: string
  readonly stderr: string
}

/** Starts a tree and waits until it is ready. */
export async function startTree(t: TestContext, options: TreeOptions = {}): Promise<Tree> {
  const tree = spawnTree(t, options)
  await tree.waitForEvent('tree.ready')
  return tree
}

/** Starts a tree and waits for nothing: for those that must fail, or be watched while they start. */
export function spawnTree(t: TestContext, options: TreeOptions = {}): Tree {
  const dir = options.dir ?? realpathSync(mkdtempSync(join(tmpdir(), 'saola-')))
  const mark = `${process.pid}-${++treesStarted}`
  cleanUpAfter(t, () => {
    killMarked(mark)
    // A process that was killed may write until it is gone.
    if (options.dir === undefined) rmSync(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 20 })
  })
  fillFolder(dir, options)
  if (options.owner !== undefined) giveTo(options.owner, dir)
  return new Tree(dir, mark, options)
}

let treesStarted = 0

/** A tree that is running, as its operator sees it. */
export class Tree {
  readonly dir: string
  /** The supervisor's. */
  readonly pid: number
  /** How it ended, once it has, and all of its output is here. */
  readonly exit: Promise<TreeExit>
  /** Its standard output, to be slow with or to close: `lines` are read from it. */
  readonly stdout: Readable
  readonly #mark: string
  readonly #node: string
  readonly #bin: string
  readonly #env: NodeJS.ProcessEnv
  readonly #log = new LineLog()

  constructor(dir: string, mark: string, options: TreeOptions) {
    this.dir = dir
    this.#mark = mark
    this.#node = options.node ?? process.env.SAOLA_TEST_NODE ?? process.execPath
    this.#bin = options.bin ?? join(root, 'dist', 'bin.js')
    this.#env = { ...cleanEnvironment(), ...oneWorker(options), ...options.env, [markName]: mark }
    const child = this.#spawn(commandLine(options), options)
    this.pid = child.pid ?? 0
    this.stdout = child.stdout
    this.#log.read(child.stdout)
    this.#log.read(child.stderr)
    this.exit = endOf(child).finally(() => this.#log.close())
    // A tree that cannot even be started has nobody to ask for its end yet.
    this.exit.catch(() => {})
  }

  /** Everything that it has printed, both streams in the order of arrival. */
  get lines(): readonly string[] {
    return this.#log.lines
  }

  /** Where it listens, from its last `tree.ready`: `127.0.0.1:41234`, `unix:/…`. */
  get listen(): readonly string[] {
    const ready = this.events('tree.ready').at(-1)?.listen
    return Array.isArray(ready) ? ready.map(String) : String(ready ?? '').split(/[\s,]+/)
  }

  /** `http://…` of its first TCP address; `https://…` when it has loaded a certificate. */
  get url(): string {
    const address = this.listen.find(text => /:\d+$/.test(text))
    if (address === undefined) throw new Error(`The tree listens on no port: ${this.listen.join(' ')}`)
    return `${this.events('edge.certificate.loaded').length > 0 ? 'https' : 'http'}://${address}`
  }

  /** The events of this name until now. */
  events(name: string): LogEvent[] {
    return this.lines.flatMap(line => eventOf(line, name) ?? [])
  }

  /** The first line that matches, among those that came already, too, unless `since` says otherwise. */
  waitForLine(matches: RegExp | ((line: string) => boolean), options?: WaitOptions): Promise<string> {
    const test = matches instanceof RegExp ? (line: string) => matches.test(line) : matches
    return this.#log.waitFor(`A line for ${matches}`, line => (test(line) ? line : undefined), options)
  }

  /** The first event of this name whose fields are these; a pattern stands for every text that it matches. */
  waitForEvent(name: string, fields: Readonly<Record<string, unknown>> = {}, options?: WaitOptions): Promise<LogEvent> {
    const hasFields = (event: LogEvent): boolean =>
      Object.entries(fields).every(([key, wanted]) =>
        wanted instanceof RegExp ? wanted.test(String(event[key])) : isDeepStrictEqual(event[key], wanted),
      )
    const take = (line: string): LogEvent | undefined => {
      const event = eventOf(line, name)
      return event && hasFields(event) ? event : undefined
    }
    return this.#log.waitFor(
      `${name} ${Object.keys(fields).length > 0 ? JSON.stringify(fields) : ''}`.trim(),
      take,
      options,
    )
  }

  /** What its control socket says. */
  async status(): Promise<TreeStatus> {
    const { status, body } = await request(`unix:${this.controlSocket}`, { path: '/status' })
    if (status !== 200) throw new Error(`/status answered ${status}: ${body}`)
    return JSON.parse(String(body))
  }

  /**
   * Asks the control socket for an operation, as commands do: without a process of its own, which costs more than most operations.
   *
   * @throws {ServerError} what the tree refuses it with.
   */
  async control<Name extends CallName>(
    name: Name,
    input: OperationTypes[Name]['input'],
  ): Promise<OperationTypes[Name]['output']> {
    // Most tests do without.
    const { call } = await import('../../src/control/client.ts')
    return call(this.controlSocket, name, input, { timeoutMs: 2 * waitTimeoutMs })
  }

  /**
   * Reloads, and waits for the end of it.
   *
   * @throws {Error} when it fails, with what is said of it.
   */
  async reload(): Promise<void> {
    const { outcome } = await this.control('reload', { wait: true })
    if (!outcome?.ok) throw new Error(`The reload has failed: ${outcome?.message}`)
  }

  get controlSocket(): string {
    const [name, ...others] = readdirSync(join(this.dir, '.saola'))
    if (name === undefined || others.length > 0) throw new Error(`Expected one tree in ${this.dir}/.saola.`)
    return controlSocketOf(stateFolderOf(this.dir, name), this.#env)
  }

  /** Runs another command of Saola in the tree's folder, to its end. */
  async cli(...args: readonly string[]): Promise<CliResult> {
    const child = this.#spawn(args)
    const output = { stdout: '', stderr: '' }
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        output[name] += text
      })
    }
    const timer = setTimeout(() => child.kill('SIGKILL'), 2 * waitTimeoutMs)
    const exit = await endOf(child).finally(() => clearTimeout(timer))
    return { ...exit, ...output }
  }

  /** Sends a signal to the supervisor. */
  signal(signal: NodeJS.Signals): void {
    signalProcess(this.pid, signal)
  }

  /**
   * Ends it as an operator does, with SIGTERM, and waits for the end.
   *
   * @throws {Error} when it has not ended in time; with its last lines.
   */
  async stop(options: { readonly timeoutMs?: number } = {}): Promise<TreeExit> {
    const { timeoutMs = waitTimeoutMs } = options
    this.signal('SIGTERM')
    return inTime(
      this.exit,
      () => `The tree did not end in ${timeoutMs} ms. Its last lines:\n${this.#log.tail()}`,
      timeoutMs,
    )
  }

  /** Every process of the tree that is alive, orphans included. Linux only. */
  processIds(): number[] {
    return processesMarked(this.#mark)
  }

  #spawn(args: readonly string[], { wrapper = [], fds = [] }: Pick<TreeOptions, 'wrapper' | 'fds'> = {}) {
    const [command = this.#node, ...rest] = [...wrapper, this.#node, this.#bin, ...args]
    // In a process group of its own, so that a Ctrl-C in the terminal of the tests does not reach it first.
    return spawn(command, rest, {
      cwd: this.dir,
      env: this.#env,
      stdio: ['ignore', 'pipe', 'pipe', ...fds],
      detached: true,
    }) as ChildProcessByStdio<null, Readable, Readable>
  }
}

/** The event of a line, if it is of this name. Most lines are not, and need not be parsed for that. */
function eventOf(line: string, name: string): LogEvent | undefined {
  const event = line.includes(name) ? parseEvent(line) : undefined
  return event?.event === name ? event : undefined
}

function commandLine({ command = 'start', app, args = [], config, files = {} }: TreeOptions): string[] {
  const byDefault = 'app.ts' in files ? './app.ts' : './app.mjs'
  const entry = app === false ? undefined : (app ?? (config === undefined ? byDefault : undefined))
  const isBound = app === false || config !== undefined || args.includes('-b')
  return [command, ...(entry === undefined ? [] : [entry]), ...(isBound ? [] : ['-b', '127.0.0.1:0']), ...args]
}

function endOf(child: ChildProcess): Promise<TreeExit> {
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal }))
  })
}

function fillFolder(dir: string, { files = {}, fixture, packages = [], config }: TreeOptions): void {
  if (fixture !== undefined) cpSync(fixture, dir, { recursive: true })
  const configFile =
    config === undefined
      ? {}
      : typeof config === 'string'
        ? { 'saola.config.ts': config }
        : { 'saola.config.json': JSON.stringify(withOneWorker(config), undefined, 2) }
  for (const [path, text] of Object.entries({ ...files, ...configFile })) {
    mkdirSync(dirname(join(dir, path)), { recursive: true })
    writeFileSync(join(dir, path), text)
  }
  const modules = join(dir, 'node_modules')
  for (const name of ['saola', ...packages]) {
    const link = join(modules, name)
    mkdirSync(dirname(link), { recursive: true })
    rmSync(link, { force: true })
    symlinkSync(name === 'saola' ? root : join(root, 'node_modules', name), link)
  }
}

/** A tree is as large as its test says, not as the machine, and one worker starts in two thirds of the time of two. */
function oneWorker({ config, command = 'start', app, args = [] }: TreeOptions): NodeJS.ProcessEnv {
  const isChosen =
    app === false || config !== undefined || command !== 'start' || args.some(argument => argument.startsWith('-c'))
  return isChosen ? {} : { WEB_CONCURRENCY: '1' }
}

function withOneWorker(config: object): object {
  const { apps } = config as { apps?: unknown }
  if (!isSection(apps)) return config
  const each = Object.entries(apps).map(([name, app]) => [name, isSection(app) ? { workers: 1, ...app } : app])
  return { ...config, apps: Object.fromEntries(each) }
}

function isSection(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Only what lies in the folder: the links in it lead to the project itself. */
function giveTo(owner: number, dir: string): void {
  chmodSync(dir, 0o755)
  lchownSync(dir, owner, owner)
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name)
    if (entry.isDirectory()) giveTo(owner, path)
    else lchownSync(path, owner, owner)
  }
}

/** The environment of this process without what would change a tree by chance. Where compiled code lies changes nothing. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const chance =
    /^(SAOLA_|npm_|NODE_(?!COMPILE_CACHE$)|PORT$|WEB_CONCURRENCY$|LISTEN_|NOTIFY_SOCKET$|WATCHDOG_|FORCE_COLOR$)/
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !chance.test(name)))
}

const cleanUps = new Set<() => void>()
let isWatchingExit = false

/** Also for the tests that are ended from outside: their `after` does not run then. */
function cleanUpAfter(t: TestContext, cleanUp: () => void): void {
  cleanUps.add(cleanUp)
  t.after(() => {
    cleanUps.delete(cleanUp)
    cleanUp()
  })
  if (isWatchingExit) return
  isWatchingExit = true
  process.on('exit', () => {
    for (const each of cleanUps) each()
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => process.exit(128 + constants.signals[signal]))
  }
}

/** The process id that a program writes into a file of this name, as soon as it has. */
export async function pidIn(tree: Tree, name: string): Promise<number> {
  const file = join(tree.dir, name)
  return Number(await until(`${name} is there`, () => existsSync(file) && (readFileSync(file, 'utf8').trim() || false)))
}

import { setTimeout as pause } from 'node:timers/promises'
import { type Command, Option } from 'commander'
import { messageOf, ServerError } from '../base/errors.ts'
import { printable } from '../base/printable.ts'
import { call } from '../control/client.ts'
import type { ChildStatus, TreeStatus } from '../control/operations.ts'
import { FigureWindow } from './figure-window.ts'
import type { TreeChoice } from './find-tree.ts'
import { RequestRates } from './request-rates.ts'
import { Screen } from './screen.ts'
import { isServer } from './status-view.ts'
import { painter, plain, print, printJson } from './terminal.ts'
import { keysText } from './top-help.ts'
import { type SortKey, sortKeys, sortProcesses } from './top-sort.ts'
import { renderTop } from './top-view.ts'
import { addTreeOptions, treeSocket, workWaitMs } from './tree-options.ts'

interface TopOptions extends TreeChoice {
  readonly sort: SortKey
  readonly json?: boolean
}

const lookEveryMs = 1_000
// Workers count once a second; one that has not counted again after this time is busy with something else.
const countWaitMs = 4_000
const countLookMs = 200

export function define(command: Command): void {
  addTreeOptions(command)
    .addOption(new Option('--sort <key>', 'what the processes are sorted by').choices(sortKeys).default('name'))
    .option('--json', 'print one look at the tree as JSON, with requests a second, and end')
    .addHelpText(
      'after',
      `\n${keysText.replace('Keys', 'Keys:')}\n` +
        '\nWhere standard output is no terminal, one look is printed. Latency and errors are there when metrics.listen or\n' +
        'dashboard.listen is set.\n' +
        '\nExamples:\n  saola top\n  saola top --sort latency\n  saola top --json',
    )
    .action(async (options: TopOptions) => {
      const socket = await treeSocket(options)
      if (options.json || !process.stdout.isTTY) await printOnce(socket, options)
      else await showLive(socket, options.sort)
    })
}

async function showLive(socket: string, sort: SortKey): Promise<never> {
  try {
    await new Top(socket, sort).run()
  } catch (error) {
    if (!(error instanceof ServerError) || error.code !== 'ERR_NOT_RUNNING') throw error
    process.stderr.write('saola: the tree has ended.\n')
  }
  // A reload that was begun here goes on without us.
  process.exit()
}

async function printOnce(socket: string, { json, sort }: TopOptions): Promise<void> {
  const seen = { rates: new RequestRates(), figures: new FigureWindow() }
  const { rates, figures } = seen
  let status = await look(socket, seen)
  for (let waitedMs = 0; waitedMs < countWaitMs && !isCounted(status, rates); waitedMs += countLookMs) {
    await pause(countLookMs)
    status = await look(socket, seen)
  }
  if (json) {
    const children = status.children.map(child => ({ ...child, requestsPerSecond: rates.of(child) ?? null }))
    return printJson({ ...status, children })
  }
  const width = Number.POSITIVE_INFINITY
  print(
    ...renderTop(status, rates, {
      sort,
      selected: undefined,
      process: undefined,
      figures,
      isHelp: false,
      note: '',
      width,
      height: width,
      paint: plain,
      now: new Date(),
    }),
  )
}

/** Has every worker counted its requests twice, so that there is a rate? */
function isCounted({ children }: TreeStatus, rates: RequestRates): boolean {
  const counts = children.filter(child => isServer(child) && child.state === 'RUNNING')
  return counts.every(child => rates.of(child) !== undefined)
}

interface Seen {
  readonly rates: RequestRates
  readonly figures: FigureWindow
}

async function look(socket: string, { rates, figures }: Seen): Promise<TreeStatus> {
  const [status, counts] = await Promise.all([
    call(socket, 'status', {}),
    // They are an addition: without them the tree is shown all the same.
    call(socket, 'figures', {}).catch(() => undefined),
  ])
  const now = performance.now()
  rates.update(status.children, now)
  if (counts) figures.update(counts, now)
  return status
}

/** The live display: looks once a second, and does what the keys say. */
class Top {
  readonly #socket: string
  readonly #seen: Seen = { rates: new RequestRates(), figures: new FigureWindow() }
  readonly #screen = new Screen()
  #sort: SortKey
  #selected = 0
  /** The name of the process that was chosen. */
  #process: string | undefined
  /** What is to be restarted when the next key says yes. */
  #asked: string | undefined
  #isHelp = false
  #note = ''

  constructor(socket: string, sort: SortKey) {
    this.#socket = socket
    this.#sort = sort
  }

  /** Runs until somebody quits, or the tree ends. */
  async run(): Promise<void> {
    try {
      for (;;) {
        const status = await look(this.#socket, this.#seen)
        if (await this.#show(status, performance.now() + lookEveryMs)) return
      }
    } finally {
      this.#screen.close()
    }
  }

  /** Shows one look until the time of the next. True when somebody quits. */
  async #show(status: TreeStatus, until: number): Promise<boolean> {
    for (let left = lookEveryMs; left > 0; left = until - performance.now()) {
      this.#draw(status)
      const key = await this.#screen.nextKey(left)
      if (key === 'q' || key === '\x03') return true
      if (key !== undefined) this.#press(key, status)
    }
    return false
  }

  #draw(status: TreeStatus): void {
    const { width, height } = this.#screen
    const view = {
      sort: this.#sort,
      selected: this.#appOf(status),
      process: this.#process,
      figures: this.#seen.figures,
      isHelp: this.#isHelp,
      note: this.#note,
      width,
      height,
      paint: painter(),
      now: new Date(),
    }
    this.#screen.draw(renderTop(status, this.#seen.rates, view))
  }

  #appOf({ apps }: TreeStatus): string | undefined {
    return apps[this.#selected % apps.length]?.name
  }

  #press(key: string, status: TreeStatus): void {
    const asked = this.#asked
    this.#asked = undefined
    this.#note = ''
    if (asked !== undefined) return this.#answer(asked, key)
    if (this.#isHelp) {
      this.#isHelp = false
      return
    }
    const sort = sortOfKey[key]
    const step = stepOfKey[key]
    if (sort) this.#sort = sort
    else if (step !== undefined) this.#move(step, status)
    else if (key === '\x1b') this.#process = undefined
    else if (key === '\t') this.#chooseNextApp()
    else if (key === '+' || key === '-') this.#scale(status, `${key}1`)
    else if (key === 'x') this.#askRestart()
    else if (key === 'R') this.#reload()
    else if (key === '?') this.#isHelp = true
  }

  /** Chooses a process so many rows below the one that is chosen; the first one, when none is. */
  #move(step: number, { children }: TreeStatus): void {
    const processes: readonly ChildStatus[] = sortProcesses(children, this.#sort, this.#seen)
    const from = processes.findIndex(({ name }) => name === this.#process)
    const to = from < 0 ? 0 : Math.min(Math.max(0, from + step), processes.length - 1)
    this.#process = processes[to]?.name
  }

  #chooseNextApp(): void {
    this.#process = undefined
    this.#selected++
  }

  /** Of the application of the process that is chosen, or else of the one that is. */
  #scale(status: TreeStatus, workers: string): void {
    const process = status.children.find(({ name }) => name === this.#process)
    const target = process?.app ?? this.#appOf(status)
    if (target === undefined) return
    this.#report(call(this.#socket, 'scale', { target, workers }).then(({ message }) => message))
  }

  #askRestart(): void {
    this.#asked = this.#process
    this.#note =
      this.#process === undefined ? 'Choose a process with the arrow keys first.' : `Restart ${this.#process}? y n`
  }

  #answer(target: string, key: string): void {
    if (key !== 'y' && key !== 'Y') {
      this.#note = `${target} was not restarted.`
      return
    }
    this.#note = `restarting ${target} …`
    const asked = call(this.#socket, 'restart', { target }, { timeoutMs: workWaitMs })
    this.#report(asked.then(({ message }) => message))
  }

  #reload(): void {
    this.#note = 'reloading …'
    const asked = call(this.#socket, 'reload', {}, { timeoutMs: workWaitMs })
    this.#report(asked.then(({ outcome }) => `reload ${outcome?.ok ? 'done' : 'failed'}: ${outcome?.message}`))
  }

  #report(outcome: Promise<string>): void {
    const note = (text: string) => {
      // A question that waits for its answer stays.
      if (this.#asked === undefined) this.#note = printable(text)
    }
    outcome.then(note, error => note(messageOf(error)))
  }
}

/** How many rows a key goes down. */
const stepOfKey: Readonly<Record<string, number>> = {
  '\x1b[A': -1,
  '\x1b[B': 1,
  '\x1b[5~': -10,
  '\x1b[6~': 10,
}
const sortOfKey: Readonly<Record<string, SortKey>> = {
  n: 'name',
  c: 'cpu',
  m: 'memory',
  r: 'requests',
  l: 'latency',
  d: 'delay',
}

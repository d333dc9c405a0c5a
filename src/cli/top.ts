import { setTimeout as pause } from 'node:timers/promises'
import { type Command, Option } from 'commander'
import { messageOf, ServerError } from '../base/errors.ts'
import { call } from '../control/client.ts'
import type { TreeStatus } from '../control/operations.ts'
import type { TreeChoice } from './find-tree.ts'
import { RequestRates } from './request-rates.ts'
import { Screen } from './screen.ts'
import { painter, plain, print, printJson } from './terminal.ts'
import { renderTop, type SortKey, sortKeys } from './top-view.ts'
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
    .addOption(new Option('--sort <key>', 'what the workers are sorted by').choices(sortKeys).default('name'))
    .option('--json', 'print one look at the tree as JSON, with requests a second, and end')
    .addHelpText(
      'after',
      '\nKeys:\n  q        quit\n  n c m r  sort by name, CPU, memory, requests a second\n' +
        '  Tab      choose an application\n  + -      change the number of its workers\n  R        reload\n' +
        '\nWhere standard output is no terminal, one look is printed.\n' +
        '\nExamples:\n  saola top\n  saola top --sort cpu\n  saola top --json',
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
  const rates = new RequestRates()
  let status = await look(socket, rates)
  for (let waitedMs = 0; waitedMs < countWaitMs && !isCounted(status, rates); waitedMs += countLookMs) {
    await pause(countLookMs)
    status = await look(socket, rates)
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
  return children.every(child => child.state !== 'RUNNING' || rates.of(child) !== undefined)
}

async function look(socket: string, rates: RequestRates): Promise<TreeStatus> {
  const status = await call(socket, 'status', {})
  rates.update(status.children, performance.now())
  return status
}

/** The live display: looks once a second, and does what the keys say. */
class Top {
  readonly #socket: string
  readonly #rates = new RequestRates()
  readonly #screen = new Screen()
  #sort: SortKey
  #selected = 0
  #note = ''

  constructor(socket: string, sort: SortKey) {
    this.#socket = socket
    this.#sort = sort
  }

  /** Runs until somebody quits, or the tree ends. */
  async run(): Promise<void> {
    try {
      for (;;) {
        const status = await look(this.#socket, this.#rates)
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
    const selected = this.#appOf(status)
    const view = { sort: this.#sort, selected, note: this.#note, width, height, paint: painter(), now: new Date() }
    this.#screen.draw(renderTop(status, this.#rates, view))
  }

  #appOf({ apps }: TreeStatus): string | undefined {
    return apps[this.#selected % apps.length]?.name
  }

  #press(key: string, status: TreeStatus): void {
    const sort = sortOfKey[key]
    const app = this.#appOf(status)
    this.#note = ''
    if (sort) this.#sort = sort
    else if (key === '\t' || key === arrowDown) this.#selected++
    else if (key === arrowUp) this.#selected += status.apps.length - 1
    else if ((key === '+' || key === '-') && app !== undefined) this.#scale(app, `${key}1`)
    else if (key === 'R') this.#reload()
  }

  #scale(target: string, workers: string): void {
    this.#report(call(this.#socket, 'scale', { target, workers }).then(({ message }) => message))
  }

  #reload(): void {
    this.#note = 'reloading …'
    const asked = call(this.#socket, 'reload', {}, { timeoutMs: workWaitMs })
    this.#report(asked.then(({ outcome }) => `reload ${outcome?.ok ? 'done' : 'failed'}: ${outcome?.message}`))
  }

  #report(outcome: Promise<string>): void {
    const note = (text: string) => {
      this.#note = text
    }
    outcome.then(note, error => note(messageOf(error)))
  }
}

const arrowUp = '\x1b[A'
const arrowDown = '\x1b[B'
const sortOfKey: Readonly<Record<string, SortKey>> = { n: 'name', c: 'cpu', m: 'memory', r: 'requests' }

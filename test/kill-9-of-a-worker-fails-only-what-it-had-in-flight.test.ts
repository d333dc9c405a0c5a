import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fairMs } from './support/busy-machine.ts'
import { startServing } from './support/every-client.ts'
import { formatRequest, HttpConnection, request } from './support/http-connection.ts'
import type { LogEvent } from './support/line-log.ts'
import { type Lane, LoadClient, type Tally } from './support/load-client.ts'
import type { Tree } from './support/tree.ts'
import { signalProcess } from './support/tree-processes.ts'

// More than the shared balance lets one worker have while the other has none: both have some in flight.
const lanes = 24
const answerMs = 40
const backMs = 1_000
// Half of it is enough for a boot, and what a machine that is busy with other tests takes longer is not Saola's.
const bootMsFair = 500

test('kill -9 of a worker fails only what it had in flight, and it is back within a second', async t => {
  const tree = await startServing(t, { accessLog: 'json' })
  const journal = new Journal()
  const clients = new LoadClient(t, () => new NumberedLane(tree.url, journal), { lanes, pauseMs: 5 }).start()
  await clients.answered(10 * lanes)
  const kills: Kill[] = []
  for (const name of ['web:0', 'web:1', 'web:0']) {
    kills.push(await killAndWait(tree, name))
    await clients.answered(5 * lanes)
  }
  await clients.stop()
  await tree.stop()
  const { answered, failed } = journal
  const killed = kills.map(({ pid }) => pid)

  const tookMs = kills.map(kill => kill.tookMs)
  assert.ok(Math.min(...tookMs) < fairMs(backMs), `back after ${tookMs.join(', ')} ms`)
  const printedBy = numberedLines(tree)
  for (const { number, pid, error } of failed) {
    const had = pid ?? printedBy.get(number)
    // A connection that was taken and not read yet is known to none.
    assert.ok(had === undefined || killed.includes(had), `${error} for ${number} on a connection to ${had}`)
  }
  assert.ok(failed.length > 0, 'nothing was in flight')
  assert.ok(failed.length <= killed.length * lanes, `${failed.length} failures`)
  for (const { number, pid } of answered) assert.equal(printedBy.get(number), pid, `line ${number} was lost`)
  assertAccessLogged(tree, answered, killed)
})

test('no line that a worker has printed is lost when it dies, by SIGKILL or an error', async t => {
  const tree = await startServing(t)
  const lines = 1_000
  const deaths = { SIGKILL: { signal: 'SIGKILL' }, 'an error': { reason: /fell over/ } }
  for (const [by, end] of Object.entries(deaths)) {
    await assert.rejects(request(tree.url, { path: `/die?lines=${lines}&by=${encodeURIComponent(by)}` }))
    await tree.waitForEvent('worker.exited', end)
  }
  await tree.stop()
  // Those of the second may come between the last ones of the first.
  const printed = [0, 0]
  for (const number of tree.lines.flatMap(line => /last line (\d+) /.exec(line)?.[1] ?? []).map(Number)) {
    const worker = printed.indexOf(number - 1)
    assert.ok(worker >= 0, `line ${number} came behind the lines ${printed}`)
    printed[worker] = number
  }
  assert.deepEqual(printed, [lines, lines])
  const stack = tree.lines.filter(line => line.includes('"stderr"')).join('\n')
  assert.match(stack, /Error: fell over.*\n.*at .*fallOver .*app\.m?[jt]s:\d+/)
})

interface Kill {
  /** Of the worker that was killed. */
  readonly pid: string
  readonly tookMs: number
}

/** Kills a worker without a warning, and waits until its place is filled again. */
async function killAndWait(tree: Tree, name: string): Promise<Kill> {
  const since = tree.lines.length
  const pid = tree.events('worker.ready').findLast(event => event.name === name)?.pid
  signalProcess(Number(pid), 'SIGKILL')
  const exited = await tree.waitForEvent('worker.exited', { name, pid, signal: 'SIGKILL' }, { since })
  const ready = await tree.waitForEvent('worker.ready', { name }, { since })
  const unfairMs = Math.max(0, Number(ready.bootMs) - bootMsFair)
  return { pid: String(pid), tookMs: timeOf(ready) - timeOf(exited) - unfairMs }
}

function timeOf(event: LogEvent): number {
  return Date.parse(String(event.time))
}

/** Which worker printed the line of each request. */
function numberedLines(tree: Tree): Map<number, string> {
  const found = tree.lines.flatMap(line => {
    const [, number, pid] = /"line (\d+) from (\d+)"/.exec(line) ?? []
    return pid === undefined ? [] : [[Number(number), pid] as const]
  })
  return new Map(found)
}

/**
 * Lines of the access log leave a worker at the end of the turn of its event loop in which the answer was sent. So a
 * kill in between can take them along: on each connection the line of the last answer, and no other.
 */
function assertAccessLogged(tree: Tree, answered: readonly Answered[], killed: readonly string[]): void {
  const logged = new Set(tree.lines.flatMap(line => /"query":"number=(\d+)&/.exec(line)?.[1] ?? []).map(Number))
  assert.ok(logged.size > 0, 'there is no access log')
  for (const { number, pid, connection } of answered) {
    if (logged.has(number)) continue
    const isLast = answered.findLast(other => other.connection === connection)?.number === number
    assert.ok(isLast && killed.includes(pid), `the access log lost request ${number}, which ${pid} answered`)
  }
}

interface Answered {
  readonly number: number
  /** Of the worker. */
  readonly pid: string
  readonly connection: HttpConnection
}

interface Failed {
  readonly number: number
  /** Of the worker that has answered on this connection before. */
  readonly pid: string | undefined
  readonly error: string
}

/** What became of each request, whoever sent it. */
class Journal {
  readonly answered: Answered[] = []
  readonly failed: Failed[] = []
  #last = 0

  nextNumber(): number {
    return ++this.#last
  }
}

/** Sends numbered requests on keep-alive connections, and remembers which worker each of them leads to. */
class NumberedLane implements Lane {
  readonly #target: string
  readonly #journal: Journal
  #connection: HttpConnection | undefined
  #pid: string | undefined

  constructor(target: string, journal: Journal) {
    this.#target = target
    this.#journal = journal
  }

  async exchange(tally: Tally): Promise<void> {
    const number = this.#journal.nextNumber()
    try {
      const connection = await this.#connect()
      connection.send(formatRequest({ path: `/line?number=${number}&ms=${answerMs}` }))
      const pid = String((await connection.receive()).body)
      this.#pid = pid
      this.#journal.answered.push({ number, pid, connection })
      tally.succeed()
    } catch (error) {
      this.#journal.failed.push({ number, pid: this.#pid, error: String(error) })
      this.#connection?.close()
      throw error
    }
  }

  close(): void {
    this.#connection?.close()
  }

  async #connect(): Promise<HttpConnection> {
    if (this.#connection?.isReusable) return this.#connection
    this.#connection?.close()
    this.#pid = undefined
    this.#connection = await HttpConnection.open(this.#target)
    return this.#connection
  }
}

/**
 * The programs of one table, all at once, under a real supervisord and in a real tree. Both tell the same states in the same
 * order, and in the times that the table has; where Supervisor does something else, the table says what, and why.
 */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { follow } from '../src/control/client.ts'
import { fairMs } from './support/busy-machine.ts'
import { type Act, type Row, type Run, rows } from './support/program-rows.ts'
import { type SupervisordState, startSupervisord } from './support/supervisord.ts'
import { spawnTree } from './support/tree.ts'
import { until } from './support/until.ts'

const script = new URL('support/play-program.sh', import.meta.url).pathname
/** All has happened by then. */
const endSeconds = Math.max(...rows.flatMap(({ states }) => states.map(([at]) => at))) + 1.5

interface Told {
  readonly name: string
  readonly state: string
  /** In milliseconds since 1970. */
  readonly at: number
}

/** How much sooner or later than in the table a state may be told. */
interface Tolerance {
  readonly earlyMs: number
  readonly lateMs: number
}

const lookMs = 100
const ours: Tolerance = { earlyMs: 50, lateMs: 750 }
// Its loop turns once a second when nothing happens to it, and its listener hears of one event a turn.
const its: Tolerance = { earlyMs: 500, lateMs: 1_750 }

test(`${rows.length} programs have the states of Supervisor, and its times`, async t => {
  const [{ told: tree, stoodStillMs }, supervisord] = await Promise.all([playInTree(t), playInSupervisord(t)])
  const within = ({ earlyMs, lateMs }: Tolerance) => ({
    earlyMs: fairMs(earlyMs) + stoodStillMs,
    lateMs: fairMs(lateMs) + stoodStillMs,
  })
  // An operator's act that comes on another side of an attempt than in the table makes another play of it.
  const played = rows.filter(({ acts }) => acts.length === 0 || stoodStillMs <= its.earlyMs)
  const wrong = played.flatMap(row => {
    const name = nameOf(rows.indexOf(row))
    const toldBy = (told: readonly Told[]) => told.filter(each => each.name === name)
    const states = row.supervisor?.states ?? row.states
    return [
      ...differences('in a tree', { row, states: row.states, told: toldBy(tree), tolerance: within(ours) }),
      ...differences('under supervisord', { row, states, told: toldBy(supervisord), tolerance: within(its) }),
    ]
  })
  t.diagnostic(
    `${played.length} of them as in the table: the machine stood still for up to ${Math.round(stoodStillMs)} ms`,
  )
  assert.deepEqual(wrong, [])
})

test('what Supervisor does otherwise is little, and has reasons', () => {
  assert.deepEqual(
    rows.flatMap(({ title, supervisor }) => (supervisor ? [[title, supervisor.because]] : [])),
    [
      ['without startSeconds starts once a second at most', 'it has no such limit but the pace of its own loop'],
      ['that was stopped between two attempts starts, and has all its attempts again', 'it counts on from before'],
    ],
  )
})

async function playInTree(t: TestContext): Promise<{ readonly told: Told[]; readonly stoodStillMs: number }> {
  const tree = spawnTree(t, { config: { programs: Object.fromEntries(rows.map(sectionOf)) } })
  await tree.waitForEvent('tree.starting')
  const told: Told[] = []
  void (async () => {
    for await (const event of follow(tree.controlSocket, 'events', { lines: '1000', follow: true }))
      if (event.event === 'state')
        told.push({ name: String(event.app), state: String(event.to), at: Date.parse(event.time) })
  })()
  const stillness = watchStillness(() => tree.control('status', {}))
  const begun = Date.now()
  await Promise.all(
    rows.map(async (row, index) => {
      const name = nameOf(index)
      const isFirst = (each: Told) => each.name === name
      const startedAt = row.rules.autostart ? (await until(`${name} starts`, () => told.find(isFirst))).at : begun
      await playActs(row, startedAt, does => tree.control(does, { target: name }).catch(() => {}))
    }),
  )
  return { told, stoodStillMs: await stillness.end() }
}

/** The longest time in which this process, or one that answers at once, could do nothing: by so much times are wrong then. */
function watchStillness(ask: () => Promise<unknown>): { end(): Promise<number> } {
  let worstMs = 0
  let isOver = false
  const watching = (async () => {
    while (!isOver) {
      const begun = performance.now()
      await pause(lookMs)
      await ask()
      worstMs = Math.max(worstMs, performance.now() - begun - lookMs)
    }
  })()
  watching.catch(() => {})
  return {
    end: async () => {
      isOver = true
      await watching
      return worstMs
    },
  }
}

async function playInSupervisord(t: TestContext): Promise<SupervisordState[]> {
  const supervisord = await startSupervisord(t, Object.fromEntries(rows.map(supervisordSection)))
  const plays: Promise<void>[] = []
  for (const [index, row] of rows.entries()) {
    const name = nameOf(index)
    await supervisord.add(name)
    plays.push(
      playActs(row, Date.now(), async does => {
        if (does !== 'start') await supervisord.call('stopProcess', name, true)
        if (does !== 'stop') await supervisord.call('startProcess', name, false)
      }),
    )
  }
  await Promise.all(plays)
  return supervisord.states()
}

/** Does what the operator of a program does, each at its time, and waits until all that comes of it has happened. */
async function playActs(row: Row, startedAt: number, act: (does: Act['does']) => Promise<unknown>): Promise<void> {
  const passTo = (seconds: number) => pause(Math.max(0, startedAt + seconds * 1_000 - Date.now()))
  await Promise.all(row.acts.map(({ at, does }) => passTo(at).then(() => act(does))))
  await passTo(endSeconds)
}

interface Compared {
  readonly row: Row
  readonly states: Row['states']
  readonly told: readonly Told[]
  readonly tolerance: Tolerance
}

/** In words, with what was told and what the table has. */
function differences(where: string, { row, states, told, tolerance }: Compared): string[] {
  const startedAt = (told[0]?.at ?? 0) - (states[0]?.[0] ?? 0) * 1_000
  const actual = told.map(({ at }) => at - startedAt)
  const wanted = `${where}, it ${row.title}: expected ${states.map(([at, state]) => `${at} ${state}`).join(', ')}`
  const got = `got ${told.map(({ state }, i) => `${((actual[i] ?? 0) / 1_000).toFixed(2)} ${state}`).join(', ')}`
  if (states.map(([, state]) => state).join() !== told.map(({ state }) => state).join()) return [`${wanted}, ${got}`]
  const lateness = states.map((_, i) => latenessOf(i, { row, states, actual }))
  const isFine = (ms: number) => ms >= -tolerance.earlyMs && ms <= tolerance.lateMs
  return lateness.every(isFine) ? [] : [`${wanted}, ${got}, which is late by ${lateness.join(', ')} ms`]
}

interface Times {
  readonly row: Row
  readonly states: Row['states']
  /** In milliseconds since the first of them should have been. */
  readonly actual: readonly number[]
}

/**
 * By how much a state comes later than it should after what it comes from: an operator's act, the start of its process, or the state
 * before it. Of these the one that explains its time best is it.
 */
function latenessOf(index: number, { row, states, actual }: Times): number {
  const [at] = states[index] ?? assert.fail()
  const begun = states.findLastIndex(([, state], i) => i < index && state === 'STARTING')
  const causes = [index - 1, begun].filter(i => i >= 0)
  const late = causes.map(i => (actual[index] ?? 0) - (actual[i] ?? 0) - (at - (states[i]?.[0] ?? 0)) * 1_000)
  const isAct = index === 0 || row.acts.some(act => act.at === at)
  const all = isAct ? [(actual[index] ?? 0) - at * 1_000, ...late] : late
  return Math.round(all.reduce((best, one) => (Math.abs(one) < Math.abs(best) ? one : best)))
}

function nameOf(index: number): string {
  return `p${index + 1}`
}

function commandOf({ runs }: Row, index: number): string {
  return `/bin/sh ${script} ${nameOf(index)}.count ${runs.map(wordOf).join(' ')}`
}

function wordOf(run: Run): string {
  if (run.does === 'ends') return `ends:${run.seconds}:${run.how}`
  return run.does === 'lingers' ? `lingers:${run.seconds}:${run.code}` : run.does
}

function sectionOf(row: Row, index: number): [string, object] {
  const { stopSeconds, startSeconds, ...rules } = row.rules
  const times = { startSeconds: `${startSeconds}s`, stopTimeout: `${stopSeconds}s` }
  return [nameOf(index), { command: commandOf(row, index), ...rules, ...times }]
}

function supervisordSection(row: Row, index: number): [string, string] {
  const { rules } = row
  const restart = { always: 'true', 'on-failure': 'unexpected', never: 'false' }
  const section = `
command=${commandOf(row, index)}
autostart=${rules.autostart}
autorestart=${restart[rules.restart]}
exitcodes=${rules.successExitCodes.join(',')}
startsecs=${rules.startSeconds}
startretries=${rules.startRetries}
stopsignal=${rules.stopSignal}
stopwaitsecs=${rules.stopSeconds}
stopasgroup=true
killasgroup=true
`
  return [nameOf(index), section]
}

// 50 programs with 3 processes each: how long it takes to start, change and stop them all, and what they cost when nothing happens.
import { existsSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { median, table } from '../support/machine.mjs'
import { cpuOf, residentMib, startProgramTree, zombiesOf } from '../support/program-tree.mjs'

const names = Array.from({ length: 50 }, (_, index) => `program-${index}`)
const instances = 3
const wantedMs = 3_000

/** How long a program has to be up until it counts as RUNNING: Saola's default, and nothing, which shows what Saola itself takes. */
const variants = { 'startSeconds 1 s, the default': '1s', 'startSeconds 0': 0 }

export async function run({ rounds, seconds }) {
  const rows = []
  let isReached = true
  for (const [name, startSeconds] of Object.entries(variants)) {
    const all = []
    for (let round = 0; round < rounds; round++) {
      all.push(await measure({ startSeconds, seconds: round === 0 ? seconds : 0 }))
      console.error(`round ${round + 1}  ${name}: ${JSON.stringify(all.at(-1))}`)
    }
    const ms = step => median(all.map(times => times[step]))
    const steps = ['start', 'reloadOfAll', 'reloadOfOne', 'reloadOfNone', 'stop']
    rows.push([
      name,
      ...steps.map(step => `${(ms(step) / 1_000).toFixed(2)} s`),
      Math.max(...all.map(({ leftOver }) => leftOver)),
      `${all[0].memory.toFixed(0)} MiB`,
      `${all[0].cpu.toFixed(2)} %`,
    ])
    isReached &&= steps.every(step => ms(step) <= wantedMs) && all.every(({ leftOver }) => leftOver === 0)
  }
  const head = [
    `${names.length} programs × ${instances}, median of ${rounds} rounds`,
    'start, until all are RUNNING',
    'reload that changes all',
    'one',
    'none',
    'stop',
    'zombies, left over',
    'supervisor, idle',
    `its CPU, ${seconds} s`,
  ]
  console.log(`\n${table(head, rows)}`)
  console.log(
    `Wanted: each within ${wantedMs / 1_000} s, no zombie. Reloads and stops are commands, and count from their start.`,
  )
  return isReached
}

async function measure({ startSeconds, seconds }) {
  // They end at once when they are asked to: what is measured is who asks.
  const programsWith = argument =>
    Object.fromEntries(names.map(name => [name, { command: ['sleep', argument(name)], instances, startSeconds }]))
  const tree = await startProgramTree({ programs: programsWith(() => '1000') })
  try {
    await assertRunning(tree, () => true)
    const start = tree.startMs
    const reloadOfNone = await tree.command('reload', '--wait')
    const before = await pidsOf(tree)
    tree.configure({ programs: programsWith(name => (name === names[7] ? '1001' : '1000')) })
    const reloadOfOne = await tree.command('reload', '--wait')
    await assertRunning(tree, ({ app, pid }) => (app === names[7]) !== before.includes(pid))
    tree.configure({ programs: programsWith(() => '1002') })
    const reloadOfAll = await tree.command('reload', '--wait')
    await assertRunning(tree, ({ pid }) => !before.includes(pid))
    const { memory, cpu } = await idle(tree.pid, seconds)
    const zombies = zombiesOf(tree.pid)
    const all = [...before, ...(await pidsOf(tree))]
    const stop = await tree.command('stop')
    const leftOver = all.filter(pid => existsSync(`/proc/${pid}`)).length
    return { start, reloadOfAll, reloadOfOne, reloadOfNone, stop, memory, cpu, leftOver: zombies + leftOver }
  } finally {
    await tree.remove()
  }
}

async function pidsOf(tree) {
  return (await tree.status()).children.map(({ pid }) => pid)
}

async function assertRunning(tree, isRight) {
  const { children } = await tree.status()
  const running = children.filter(child => child.state === 'RUNNING' && isRight(child))
  const wanted = names.length * instances
  if (running.length !== wanted) throw new Error(`${running.length} of ${wanted} processes are what they should be.`)
}

async function idle(pid, seconds) {
  // What the reload has left behind is collected first.
  await pause(Math.min(seconds, 3) * 1_000)
  const before = cpuOf(pid)
  await pause(seconds * 1_000)
  return { memory: residentMib(pid), cpu: seconds === 0 ? 0 : (100 * (cpuOf(pid) - before)) / seconds }
}

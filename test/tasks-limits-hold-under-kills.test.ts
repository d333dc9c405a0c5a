import assert from 'node:assert/strict'
import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Run, startTaskTree, type TaskTree, testOnBothEngines } from './support/task-tree.ts'
import { signalProcess } from './support/tree-processes.ts'
import { until } from './support/until.ts'

const limit = 2
const keys = ['a', 'b', 'c']
const members = 70
const kills = 4
// Begun jobs between two kills.
const apart = 12

// What has a gate runs until a file of this name is there.
const tasks = `
import { existsSync } from 'node:fs'
import { chord, group } from 'saola/tasks'
const work = async gate => {
  if (!gate) return pause(10 + 30 * Math.random())
  while (!existsSync(gate)) await pause(20)
}
const interruptions = 100
const concurrency = { limit: ${limit}, key: ({ key }) => key }
export const keyed = defineTask({ id: 'keyed', interruptions, concurrency, run: noted(({ gate }) => work(gate)) })
export const square = defineTask({ id: 'square', interruptions, run: noted(async ({ of, gate }) => {
  await work(gate)
  return of * of
}) })
export const collect = defineTask({ id: 'collect', run: noted(async squares => squares) })
const idsOf = handles => handles.map(({ id }) => id)
export const fill = defineTask({ id: 'fill', run: async ({ jobs, members }) => {
  const squares = Array.from({ length: members }, (_, of) => square.with({ of, gate: of === 0 && 'gate' }))
  const chorded = members > 0 ? (await chord(group(squares), collect).enqueue()).id : undefined
  return { jobs: idsOf(await keyed.enqueueMany(jobs)), chorded }
} })
`

interface Filled {
  readonly jobs: readonly string[]
  readonly chorded?: string
}

testOnBothEngines(
  'limits of a key hold and lose no place, and a chord calls back once, while workers and the store are killed',
  async (t, redis) => {
    const options = { pools: { io: { processes: 2, concurrency: 8 }, cpu: { processes: 1 } } }
    const shop = await startTaskTree(t, { tasks, options, redis })
    await shop.process('io', 1)
    const many = keys.flatMap(key => Array.from({ length: 20 }, () => ({ key })))
    const { jobs, chorded = '' } = await fill(shop, many, members)
    await killSome(shop)

    writeFileSync(join(shop.tree.dir, 'gate'), '')
    assert.deepEqual(
      await shop.result(chorded),
      Array.from({ length: members }, (_, of) => of * of),
    )
    for (const id of jobs) await shop.result(id)
    // Each key has all of its places, and no more of them.
    const gated = keys.flatMap(key => Array.from({ length: limit + 1 }, () => ({ key, gate: 'last' })))
    const last = await fill(shop, gated, 0)
    const states = async () => (await Promise.all(last.jobs.map(id => shop.job(id)))).map(({ state }) => state).sort()
    const expected = [...keys.flatMap(() => Array(limit).fill('active')), ...keys.map(() => 'blocked')]
    await until('as many run as may', async () => String(await states()) === String(expected.sort()))
    const haveBegun = () => shop.runs().filter(({ what, id }) => what === 'begin' && last.jobs.includes(id)).length
    await until('they have begun', () => haveBegun() === keys.length * limit)
    writeFileSync(join(shop.tree.dir, 'last'), '')
    for (const id of last.jobs) await shop.result(id)

    const runs = shop.runs()
    const keyOf = new Map([
      ...jobs.map((id, i) => [id, many[i]?.key] as const),
      ...last.jobs.map((id, i) => [id, gated[i]?.key] as const),
    ])
    for (const key of keys) {
      const most = mostAtOnce(runs.filter(({ id, what }) => what === 'killed' || keyOf.get(id) === key))
      assert.equal(most, limit, `${most} jobs of key ${key} ran at once`)
    }
    // Nobody was killed any more when it was called.
    assert.deepEqual(
      shop.runs(chorded).map(({ what }) => what),
      ['begin', 'end'],
    )
    const again = runs.filter(({ what }) => what === 'begin').length - members - jobs.length - last.jobs.length - 1
    t.diagnostic(`${again} runs were repeated`)
  },
)

async function fill(shop: TaskTree, jobs: readonly object[], count: number): Promise<Filled> {
  return (await shop.result(await shop.enqueue('fill', { jobs, members: count }))) as Filled
}

/** Who has begun a job last, each time that some more have begun; in the middle the store. */
async function killSome(shop: TaskTree): Promise<void> {
  const killed = new Set<number>()
  for (let begun = 0; killed.size < kills; ) {
    const last = await until('more jobs have begun', () => {
      const begins = shop.runs().filter(({ what }) => what === 'begin')
      return begins.length >= begun + apart && begins.at(-1)
    })
    begun = shop.runs().filter(({ what }) => what === 'begin').length
    // Written first: what it had is over from here on, and whoever takes it comes later.
    appendFileSync(join(shop.tree.dir, 'runs.log'), `killed - 0 ${last.pid}\n`)
    signalProcess(last.pid, 'SIGKILL')
    killed.add(last.pid)
    if (killed.size === kills / 2) await shop.breakStore()
  }
}

function mostAtOnce(runs: readonly Run[]): number {
  const running = new Map<string, number>()
  const killed = new Set<number>()
  let most = 0
  for (const { what, id, pid } of runs) {
    if (what === 'killed') {
      killed.add(pid)
      for (const [name, of] of running) if (of === pid) running.delete(name)
    } else if (what === 'begin' && !killed.has(pid)) running.set(`${id} ${pid}`, pid)
    else running.delete(`${id} ${pid}`)
    most = Math.max(most, running.size)
  }
  return most
}

/** What the compiler says to those who use tasks: input and result are inferred all the way, and a wrong one is a mistake. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import * as z from 'zod'
import type * as saola from '../tasks.ts'
import { chain, chord, defineTask, group, schedule, tasks } from '../tasks.ts'

type Equal<One, Other> =
  (<Probe>() => Probe extends One ? 1 : 2) extends <Probe>() => Probe extends Other ? 1 : 2 ? true : false

/** A mistake is one of the compiler. */
function sameType<One, Other>(_isSame: Equal<One, Other>): void {}

const resize = defineTask({
  id: 'resize',
  input: z.object({ url: z.string(), width: z.coerce.number().default(100) }),
  run: ({ url, width }) => ({ url, width, at: new Date(0), size: null as number | null }),
})
const measure = defineTask({ id: 'measure', run: ({ width }: { width: number }) => width })
const add = defineTask({ id: 'add', run: (numbers: readonly number[]) => numbers.reduce((sum, n) => sum + n, 0) })
const pair = defineTask({ id: 'pair', run: ([text, n]: readonly [string, number]) => `${text} ${n}` })
const shout = defineTask({ id: 'shout', run: (text: string) => text.toUpperCase() })
const sweep = defineTask({ id: 'sweep', run: async () => {} })

/** Never called: it is read by the compiler only. */
async function inferred(): Promise<void> {
  const handle = await resize.enqueue({ url: '/a' })
  const result = await handle.result()
  sameType<typeof result, { url: string; width: number; at: string; size: number | null }>(true)
  sameType<Awaited<ReturnType<typeof measure.enqueueMany>>, saola.TaskHandle<number>[]>(true)
  await sweep.enqueue()
  await sweep.enqueue(undefined, { delay: '1m', signal: AbortSignal.timeout(1_000), timeout: 5 })

  const byName = await tasks.enqueue<typeof resize>('resize', { url: '/a', width: '7' })
  sameType<typeof byName, saola.TaskHandle<typeof result>>(true)
  sameType<typeof byTask, saola.TaskHandle<number>>(true)
  const byTask = await tasks.enqueue(measure, { width: 1 })
  const again = await tasks.handle<typeof measure>('01JD0000000000000000000000').result()
  sameType<typeof again, number>(true)
  const unknown = await (await tasks.enqueue('from.elsewhere', { any: 'thing' })).result()
  sameType<typeof unknown, unknown>(true)

  const chained = await (await chain(resize.with({ url: '/a' }), measure).enqueue()).result()
  sameType<typeof chained, number>(true)
  const both = group([shout.with('a'), measure.with({ width: 1 })])
  const list = await (await both.enqueue()).result()
  sameType<typeof list, [string, number]>(true)
  const paired = chord(both, pair)
  sameType<typeof paired, saola.Flow<string>>(true)
  const sum = chain(chord(group([1, 2].map(width => measure.with({ width }))), add))
  sameType<typeof sum, saola.Flow<number>>(true)
  schedule('a', { every: '1m' }, measure, { width: 1 })
  schedule('b', { every: '1m' }, sweep)
}

/** Never called, as well. Each mark must be on a mistake, or the compiler says so. */
async function refused(): Promise<void> {
  // @ts-expect-error: of the schema, the input is an object with a url.
  await resize.enqueue({ width: 1 })
  // @ts-expect-error: an input is missing.
  await measure.enqueue()
  // @ts-expect-error: one of the inputs is wrong.
  await measure.enqueueMany([{ width: 1 }, { width: '2' }])
  // @ts-expect-error: a task without an input takes none.
  await sweep.enqueue(1)
  // @ts-expect-error: there is no such option.
  await sweep.enqueue(undefined, { dealy: '1m' })
  // @ts-expect-error: by name, the input is that of the task.
  await tasks.enqueue<typeof measure>('measure', { width: '1' })
  // @ts-expect-error: by name, the name is that of the task.
  await tasks.enqueue<typeof measure>('mesure', { width: 1 })
  // @ts-expect-error: by the task itself, too.
  await tasks.enqueue(measure, { height: 1 })
  // @ts-expect-error: a step of a flow has an input.
  measure.with({})
  // @ts-expect-error: waiting is not of a step, but of the whole flow.
  measure.with({ width: 1 }, { timeout: '1s' })
  // @ts-expect-error: the first results in a text, the second takes an object.
  chain(shout.with('a'), measure)
  // @ts-expect-error: the task behind takes the list of numbers, not of texts.
  chord(group([shout.with('a')]), add)
  // @ts-expect-error: the members are in another order.
  chord(group([measure.with({ width: 1 }), shout.with('a')]), pair)
  // @ts-expect-error: its input is missing.
  schedule('a', { every: '1m' }, measure)
  // @ts-expect-error: its input is wrong.
  schedule('a', { every: '1m' }, measure, { width: '1' })
  // @ts-expect-error: the key is made of the input, which has no such property.
  defineTask({ id: 'x', unique: { key: input => input.nothing }, run: (_: { id: string }) => {} })
}

test('each type that an application has to name is exported, and what is exported is told', () => {
  assert.ok([inferred, refused].every(each => typeof each === 'function'))
  const folder = join(import.meta.dirname, '..')
  const index = readFileSync(join(folder, 'tasks.ts'), 'utf8')
  let count = 0
  for (const [, names = '', file = ''] of index.matchAll(/^export (?:type )?\{([^}]*)\} from '(\.[^']*)'/gm)) {
    const source = readFileSync(join(folder, file), 'utf8')
    for (const name of names
      .split(',')
      .map(each => each.replace('type ', '').trim())
      .filter(Boolean)) {
      const told = new RegExp(`\\*/\\nexport (?:async )?(?:function|class|interface|type|const) ${name}\\b`)
      assert.match(source, told, `${name} of ${file} has no docstring`)
      count++
    }
  }
  assert.ok(count > 40, String(count))
})

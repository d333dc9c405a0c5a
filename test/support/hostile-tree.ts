/** A tree whose store and tasks are full of what hostile-data.ts has. */
import type { TestContext } from 'node:test'
import { openEngine } from '../../src/store/open-store.ts'
import type { Store } from '../../src/store.ts'
import { TaskEngine } from '../../src/tasks/engine/task-engine.ts'
import { newJobId } from '../../src/tasks/job-id.ts'
import { hostileBytes, hostileTexts, image, largeTexts, scripts } from './hostile-data.ts'
import { startTree, type Tree } from './tree.ts'

const session = { worker: 'w', slot: `slot ${scripts[0]}`, pid: 1, host: scripts[2] ?? '', pool: image }

const app = `export default {
  fetch(request) {
    const line = decodeURIComponent(new URL(request.url).pathname)
    console.log(line)
    console.error(line)
    return new Response('hi')
  },
}`

export async function startHostileTree(t: TestContext): Promise<Tree> {
  return startTree(t, {
    files: {
      'app.mjs': app,
      'tasks/work.mjs':
        "import { defineTask } from 'saola/tasks'\nexport const work = defineTask({ id: 'work', run: async () => {} })\n",
    },
    config: {
      name: 'shop',
      apps: { web: { app: './app.mjs', listen: ['127.0.0.1:0'] } },
      store: { dir: './data' },
      tasks: {},
      dashboard: { listen: ['127.0.0.1:0'] },
    },
  })
}

export async function fillStore(store: Store): Promise<void> {
  const texts = hostileTexts
  for (const [i, text] of texts.entries()) await store.command('set', text, texts[(i + 1) % texts.length] ?? '')
  for (const bytes of hostileBytes) await store.command('set', bytes, bytes)
  await store.command(
    'hset',
    'hash',
    ...texts.flatMap(text => [text, text]),
    ...hostileBytes.flatMap(one => [one, one]),
  )
  await store.command('hset', 'large', ...largeTexts.flatMap((text, i) => [`${image}${i}`, text]))
  await store.command('rpush', 'list', ...texts, ...hostileBytes)
  await store.command('sadd', 'set', ...texts, ...hostileBytes)
  await store.command('sadd', 'large set', ...largeTexts)
  await store.command(
    'hset',
    'long',
    '<b>'.repeat(20_000),
    'a field of 60 kB',
    '<b>'.repeat(30_000),
    'a field of 90 kB',
  )
  await store.command('zadd', 'zset', ...texts.flatMap((text, i) => [i, text]))
  for (const [i, text] of largeTexts.entries()) await store.command('set', `large:${i}`, text)
  await store.command('set', '{"json":"key"}', JSON.stringify({ __proto__: null, '<b>': texts }))
}

/** A session of this process makes each job dead, so that no worker of the tree has to know such tasks. */
export async function fillTasks(t: TestContext, tree: Tree): Promise<void> {
  const engine = openEngine({ dir: `${tree.dir}/data` })
  t.after(() => engine.close())
  const tasks = new TaskEngine(engine)
  const names = hostileTexts.map(text => text.toWellFormed().slice(0, 200))
  await tasks.enter({ ...session, queues: names }, 600_000)
  const rule = {
    attempts: 3,
    interruptionsMax: 3,
    softMs: 0,
    hardMs: 0,
    resultMs: 600_000,
    failureMs: 600_000,
    priority: 5,
  }
  for (const [i, name] of names.entries()) {
    const payload = JSON.stringify(i < 3 ? (largeTexts[i] ?? '') : name)
    const id = newJobId()
    await tasks.enqueue([{ ...rule, id, task: name, queue: name, payload, context: { requestId: name.slice(0, 50) } }])
    const [job] = (await tasks.claim('w', { queues: [name], free: 1 }, { timeoutMs: 5_000 })) ?? []
    const error = { name, message: name, code: name, stack: `${name}\n    at ${name} (${name}:1:1)` }
    await tasks.fail('w', [{ id, token: job?.token ?? 0, error, retryMs: null }])
  }
  const job = { ...rule, task: image, queue: image, payload: '1' }
  await tasks.schedule({ name: image, spec: JSON.stringify({ cron: image }), job, next: Date.now() + 3_600_000 })
}

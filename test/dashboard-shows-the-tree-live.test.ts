import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Sample } from '../src/dashboard/api.ts'
import { signIn } from './support/dashboard.ts'
import { request } from './support/http-connection.ts'
import { startTree } from './support/tree.ts'
import { until } from './support/until.ts'

const files = {
  'app.mjs': `
    export default {
      fetch(request) {
        const { pathname } = new URL(request.url)
        if (pathname === '/say') console.log('<script>alert(1)</script> \\u202e said')
        return new Response(pathname, { status: pathname === '/error' ? 500 : 200 })
      },
    }`,
  'later.mjs': 'console.log("it ran")',
}
const config = {
  apps: { web: { app: './app.mjs', listen: '127.0.0.1:0', workers: 2 } },
  cron: { later: { schedule: '0 3 1 1 *', command: 'node later.mjs' } },
  dashboard: { listen: '127.0.0.1:0' },
}

test('the dashboard shows what a tree does, and does what it is asked', async t => {
  const tree = await startTree(t, { files, config })
  const client = await signIn(tree)
  const live = await client.events(t, '/api/live')
  const hello = await live.waitFor('hello')

  await t.test('who comes is told all that is', async () => {
    assert.deepEqual(
      hello.tree.apps.map(({ name }: { name: string }) => name),
      ['web'],
    )
    assert.deepEqual(hello.children.map(({ name }: { name: string }) => name).sort(), ['monitor:0', 'web:0', 'web:1'])
    assert.ok(hello.sample.rssBytes > 0)
    assert.ok(hello.events.length > 0 || (await live.waitFor('event')))
  })

  await t.test('requests and errors are seen while they come', async () => {
    let isOver = false
    const load = (async () => {
      while (!isOver) await Promise.all(['/', '/', '/error'].map(path => request(tree.url, { path })))
    })()
    // Each worker tells its figures at a time of its own.
    const isSeen = ({ sample }: { sample: Sample }) => sample.requestsPerSecond > 3 && sample.errorsPerSecond > 0
    const { sample } = await live.waitFor('tick', isSeen)
    const { changed } = await live.waitFor('tick', ({ changed }) =>
      changed.some((child: { requestsPerSecond?: number }) => (child.requestsPerSecond ?? 0) > 0),
    )
    isOver = true
    await load
    assert.ok(sample.cpuPercent > 0)
    assert.ok(changed.every(({ id }: { id: string }) => /^[\w:]+@\d+$/.test(id)))
    const { json } = await client.get('/api/history?span=10m')
    assert.equal(json.stepMs, 1_000)
    assert.ok(json.totals.requestsPerSecond.some((value: number | null) => (value ?? 0) > 3))
    assert.deepEqual(Object.keys(json.workers).sort(), ['web:0', 'web:1'])
    for (const column of [...Object.values(json.totals), ...Object.values(json.workers['web:0'])])
      assert.equal((column as unknown[]).length, json.at.length)
    const day = await client.get('/api/history?span=24h', { 'Accept-Encoding': 'gzip;q=0' })
    assert.ok(day.json.at.length >= 1 && day.json.at.length <= 2)
    assert.ok(
      json.totals.p99Ms.some((value: number | null) => value !== null),
      'percentiles are known',
    )
    assert.ok(json.totals.errorsPerSecond.some((value: number | null) => (value ?? 0) > 0))
  })

  await t.test('a worker that dies is gone, told, marked and back', async () => {
    const { pid = 0 } = (await tree.status()).children.find(({ name }) => name === 'web:1') ?? {}
    process.kill(pid, 'SIGKILL')
    await live.waitFor('tick', ({ gone }) => gone.includes(`web:1@${pid}`))
    await live.waitFor('event', ({ event, name, from }) => event === 'state' && name === 'web:1' && from === 'RUNNING')
    const back = await live.waitFor('tick', ({ changed }) =>
      changed.some(
        (child: { name: string; state: string; pid: number }) =>
          child.name === 'web:1' && child.state === 'RUNNING' && child.pid !== pid,
      ),
    )
    assert.equal(
      back.changed.find(({ name }: { name: string }) => name === 'web:1').lastExit.reason,
      'killed by SIGKILL',
    )
    const { json } = await client.get('/api/history')
    assert.deepEqual(
      json.marks.map(({ kind, text }: { kind: string; text: string }) => [kind, text]),
      [['death', 'web:1 killed by SIGKILL']],
    )
  })

  await t.test('actions are done, and answered in the words of the tree', async () => {
    assert.match((await client.post('/api/actions/scale', { target: 'web', workers: '-1' })).json.message, /2 → 1/)
    assert.match((await client.post('/api/actions/restart', { target: 'web' })).json.message, /replaced/)
    const unknown = await client.post('/api/actions/restart', { target: 'nothing' })
    assert.deepEqual([unknown.status, unknown.json.error.code], [409, 'ERR_CONTROL_REFUSED'])
    assert.equal((await client.post('/api/actions/stop', { target: 'web:0' })).status, 200)
    assert.equal((await client.post('/api/actions/start', { target: 'web:0' })).status, 200)
    assert.equal((await client.post('/api/actions/stop')).status, 400, 'never the whole tree')
    assert.equal((await client.post('/api/actions/reopen')).status, 200)
    assert.equal((await client.post('/api/actions/cachePurge', { kind: 'all' })).status, 409, 'there is no cache')
    assert.equal((await client.get('/api/stack?target=web:0')).status, 200)
    const run = await client.post('/api/actions/run', { name: 'later' })
    assert.match(run.json.message, /^later has begun/)
    await live.waitFor('event', ({ event, name }) => event === 'cron.done' && name === 'later')
    await live.waitFor('tick', ({ tree }) => tree?.cron[0].last?.ok === true)
  })

  await t.test('a reload is answered with what it has changed, and marked', async () => {
    assert.equal((await client.get('/api/config')).json.changes, undefined)
    writeFileSync(join(tree.dir, 'saola.config.json'), JSON.stringify({ ...config, log: { level: 'debug' } }))
    const dry = await client.post('/api/actions/reload', { dryRun: true })
    assert.deepEqual(
      dry.json.changes.map(({ path }: { path: string }) => path),
      ['log.level'],
    )
    const { json } = await client.post('/api/actions/reload')
    assert.equal(json.outcome.ok, true)
    const shown = (await client.get('/api/config')).json
    assert.deepEqual(shown.changes, json.changes)
    assert.match(shown.text, /log\.level +"debug" +file saola\.config\.json/)
    await live.waitFor('event', ({ event }) => event === 'reload.done')
    await until('the reload is marked', async () => {
      const { marks } = (await client.get('/api/history')).json
      return marks.some(({ kind }: { kind: string }) => kind === 'reload')
    })
    assert.deepEqual(
      (await client.get('/api/edge')).json.apps.map(({ app }: { app: string }) => app),
      ['web'],
    )
  })

  await t.test('lines are followed, whatever is in them', async () => {
    const logs = await client.events(t, '/api/logs?source=web&lines=10')
    await request(tree.url, { path: '/say' })
    const { message, source } = await logs.waitFor('line', ({ message }) => message.includes('said'))
    assert.equal(message, '<script>alert(1)</script> \u202e said')
    assert.match(source, /^web:[01]$/)
    assert.ok(logs.seen.every(({ event, data }) => event !== 'line' || data.source.startsWith('web:')))
    assert.equal((await client.get('/api/logs?lines=many')).status, 400)
  })

  await t.test('a stop of the tree is told', async () => {
    const { code } = await tree.stop()
    await live.waitFor('bye')
    assert.equal(code, 0)
  })
})

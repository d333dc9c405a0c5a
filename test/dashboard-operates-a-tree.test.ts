/** A tree under load, operated from its dashboard in a real Chromium: what happens is seen, what is asked for happens, nothing is lost. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import type { ChildStatus } from '../src/control/operations.ts'
import { leaveAndReturn, openBrowser } from './support/browser.ts'
import { keepAliveClient, newConnectionClient } from './support/clients.ts'
import { startTree, type Tree } from './support/tree.ts'
import { until } from './support/until.ts'

const app = `
import { store } from 'saola/store'
let asked = 0
export default {
  async fetch(request) {
    const { pathname, searchParams } = new URL(request.url)
    if (pathname === '/price') {
      await store.map('prices').set('tea', Number(searchParams.get('tea')))
      return new Response('set')
    }
    if (pathname === '/say') console.log('somebody has asked for this line')
    if (pathname === '/cached') return new Response(process.pid + ' ' + ++asked)
    return new Response('served')
  },
}
`
const task = `
import { existsSync } from 'node:fs'
import { defineTask } from 'saola/tasks'
const run = async () => {
  if (!existsSync('bank')) throw new Error('the bank is closed')
}
export const pay = defineTask({ id: 'pay', run, retry: { attempts: 1 } })
`
const config = {
  name: 'shop',
  apps: {
    web: { app: './app.mjs', listen: ['127.0.0.1:0'], workers: 2, edge: { cache: [{ path: '/cached', ttl: '1h' }] } },
  },
  store: {},
  tasks: { pools: { cpu: { processes: 1 } } },
  programs: { clock: { command: 'sh -c "while :; do echo tick; sleep 1; done"' } },
  dashboard: { listen: ['127.0.0.1:0'] },
}

test('a tree under load is operated from its dashboard', async t => {
  const tree = await startTree(t, { files: { 'app.mjs': app, 'tasks/pay.mjs': task }, config })
  const browser = await openBrowser(t)
  if (!browser) return
  const page = await browser.newPage()
  await tree.waitForEvent('monitor.ready')
  await page.goto(JSON.parse((await tree.cli('dashboard', '--json')).stdout).url)
  await page.getByRole('heading', { name: 'Overview' }).waitFor()
  const clients = [
    keepAliveClient(t, tree.url, { pauseMs: 5 }).start(),
    newConnectionClient(t, tree.url, { pauseMs: 10 }).start(),
  ]

  await t.test('a worker is seen to die and to return, with the reason, and is marked in the charts', async () => {
    await open(page, 'apps')
    const workers = page.getByRole('table', { name: 'Workers of web' })
    const { pid } = await child(tree, 'web:1')
    await workers.getByRole('cell', { name: String(pid), exact: true }).waitFor()
    process.kill(Number(pid), 'SIGKILL')
    await workers.getByText('killed by SIGKILL').first().waitFor()
    const next = await until('the next one', async () => {
      const now = await child(tree, 'web:1')
      return now.state === 'RUNNING' && now.pid !== pid && now
    })
    await workers.getByRole('cell', { name: String(next.pid), exact: true }).waitFor()
    await workers.getByRole('row', { name: /web:1.*running/ }).waitFor()
    await open(page, 'overview')
    await page
      .getByText(/web:1.*killed by SIGKILL/)
      .first()
      .waitFor()
  })

  await t.test('a reload from the page replaces every worker, and no request is lost', async () => {
    // The death before has cost those requests that the killed one had in hand.
    const before = await Promise.all(clients.map(client => client.stop()))
    assert.ok(before.every(({ ok }) => ok > 0))
    const reloading = [
      keepAliveClient(t, tree.url, { pauseMs: 5 }).start(),
      newConnectionClient(t, tree.url, { pauseMs: 10 }).start(),
    ]
    await Promise.all(reloading.map(client => client.answered(20)))
    await open(page, 'apps')
    await page.getByRole('button', { name: 'Reload', exact: true }).click()
    await page.getByText(/Nothing in the configuration has changed/).waitFor()
    await Promise.all(reloading.map(client => client.answered(20)))
    const results = await Promise.all(reloading.map(client => client.stop()))
    assert.deepEqual(
      results.map(({ failed, errors }) => ({ failed, errors })),
      Array(2).fill({ failed: 0, errors: [] }),
    )
    assert.equal((await child(tree, 'web:0')).generation, 2)
    await page
      .getByRole('table', { name: 'Workers of web' })
      .getByRole('cell', { name: '2', exact: true })
      .first()
      .waitFor()
  })

  await t.test('workers are added, and the stack of one is shown', async () => {
    await page.getByRole('button', { name: 'One more: web' }).click()
    await page.getByRole('button', { name: 'web:2', exact: true }).waitFor()
    await page.getByRole('button', { name: 'web:2', exact: true }).click()
    await page.getByLabel('Stack of web:2', { exact: true }).first().waitFor()
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).first().click()
  })

  await t.test('a dead task is retried, and done', async () => {
    await until('a process runs tasks', async () => (await child(tree, 'tasks:io:0')).state === 'RUNNING')
    const { stderr } = await tree.cli('tasks', 'run', 'pay', '{}', '--wait')
    assert.match(stderr, /the bank is closed/)
    await open(page, 'tasks?state=dead')
    const dead = page.getByRole('table', { name: 'Jobs that are dead' })
    await dead.getByText('the bank is closed').waitFor()
    writeFileSync(join(tree.dir, 'bank'), 'open')
    await dead.getByRole('row').nth(1).getByRole('button').first().click()
    await page.getByRole('button', { name: 'Retry this job' }).click()
    await page.getByRole('dialog').getByText('done').first().waitFor()
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).first().click()
  })

  await t.test('a value of the store is edited, and the application sees it', async () => {
    await tree.cli('store', 'set', 'note', '"old"')
    await open(page, 'store')
    await page.getByRole('button', { name: 'note', exact: true }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('button', { name: 'Edit note' }).click()
    await page.getByRole('textbox', { name: /New value/ }).fill('"new"')
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    await until('the store has it', async () => (await tree.cli('store', 'get', 'note')).stdout.includes('new'))
    await dialog.getByText('"new"').first().waitFor()

    await dialog.getByRole('button', { name: 'Edit note' }).click()
    await tree.cli('store', 'set', 'note', '"of another"')
    await leaveAndReturn(page)
    await page.locator('pre').getByText('"of another"').waitFor()
    await page.getByRole('textbox', { name: /New value/ }).fill('"mine"')
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    await page.getByRole('button', { name: 'Look again' }).click()
    assert.match((await tree.cli('store', 'get', 'note')).stdout, /of another/, 'it is not overwritten unseen')
    await dialog.getByRole('button', { name: 'Close' }).first().click()
  })

  await t.test('a field is deleted as it was when it was asked about, or not at all', async () => {
    await fetch(`${tree.url}/price?tea=3`)
    await page.reload()
    await page.getByRole('button', { name: 'prices', exact: true }).click()
    await page.getByRole('button', { name: 'Delete tea' }).click()
    await fetch(`${tree.url}/price?tea=47`)
    await leaveAndReturn(page)
    await page.locator('pre').getByText('47').waitFor()
    await page.getByRole('dialog', { name: 'Delete tea?' }).getByRole('button', { name: 'Delete' }).click()
    const panel = page.getByRole('dialog')
    await panel.locator('.toast-bad').waitFor()
    assert.match((await tree.cli('store', 'get', 'prices', 'tea')).stdout, /47/)
    await panel.getByRole('button', { name: 'Close this message' }).click()
    await panel.getByRole('button', { name: 'Close', exact: true }).first().click()
  })

  await t.test('logs are followed, filtered and paused', async () => {
    await open(page, 'logs')
    const lines = page.getByRole('region', { name: 'Lines' })
    await lines.getByText('tick').first().waitFor()
    await page.getByLabel('Filter the lines').fill('somebody')
    await fetch(`${tree.url}/say`)
    await lines.getByText('somebody has asked for this line').first().waitFor()
    await page.getByRole('button', { name: 'Pause' }).click()
    await fetch(`${tree.url}/say`)
    await page.getByRole('button', { name: /Resume|Go on/ }).waitFor()
  })

  await t.test('the cache is purged', async () => {
    const ask = async () => (await fetch(`${tree.url}/cached`)).text()
    const kept = await until('one answer is kept by all', async () => {
      const answers = new Set(await Promise.all([ask(), ask(), ask(), ask()]))
      return answers.size < 4 && answers
    })
    await open(page, 'edge')
    await page.getByLabel('What the cache of web forgets').selectOption({ label: 'All' })
    await page.getByRole('button', { name: 'Purge the cache of web' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Purge', exact: true }).click()
    await page
      .getByText(/of web forgot everything/)
      .first()
      .waitFor()
    assert.ok(!kept.has(await ask()))
  })

  await t.test('a program is stopped and started, and the configuration tells where a value is from', async () => {
    await open(page, 'programs')
    await page.getByRole('button', { name: 'Stop clock:0', exact: true }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Stop clock:0', exact: true }).click()
    await page.getByRole('button', { name: 'Start clock:0', exact: true }).click()
    await page.getByRole('button', { name: 'Stop clock:0', exact: true }).waitFor()
    await open(page, 'config')
    await page.getByLabel('Filter the settings').fill('apps.web.workers')
    await page
      .getByText(/saola\.config/)
      .first()
      .waitFor()
  })

  await t.test('each action is in the log of the tree', async () => {
    for (const action of ['reload', 'scale', 'stop', 'start', 'cachePurge'])
      await tree.waitForEvent('dashboard.action', { action })
  })
})

async function open(page: Page, name: string): Promise<void> {
  await page.goto(`${new URL(page.url()).origin}/#/${name}`)
  await page.getByRole('heading', { level: 1 }).waitFor()
}

async function child(tree: Tree, name: string): Promise<Partial<ChildStatus>> {
  const { children } = await tree.status()
  return children.find(one => one.name === name && one.state !== 'STOPPING') ?? {}
}

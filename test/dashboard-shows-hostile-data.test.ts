/** Whatever is in keys, payloads, errors, names, topics, paths and lines, the dashboard shows as text, and goes on to work. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import { openStore } from '../src/store.ts'
import { seriousFaults } from './support/axe.ts'
import { openBrowser } from './support/browser.ts'
import { hostileTexts, image } from './support/hostile-data.ts'
import { fillStore, fillTasks, startHostileTree } from './support/hostile-tree.ts'
import { request } from './support/http-connection.ts'
import type { Tree } from './support/tree.ts'
import { until } from './support/until.ts'

const widths = [1280, 380]

test('hostile data is shown as text, on every page', async t => {
  const tree = await startHostileTree(t)
  const store = openStore({ dir: `${tree.dir}/data` })
  t.after(() => store.close())
  await fillStore(store)
  await fillTasks(t, tree)
  const browser = await openBrowser(t)
  if (!browser) return
  const page = await browser.newPage()
  const harm = await watchForHarm(page)
  await signIn(page, tree)

  await t.test('keys and what they hold, however odd their names', async () => {
    for (const width of widths) {
      await open(page, 'store', width)
      const table = page.getByRole('table', { name: 'Keys' })
      await table.getByText(image, { exact: true }).first().waitFor()
      await assertFits(page, 'store')
      assert.deepEqual(await seriousFaults(page), [])
      const rows = table.getByRole('row')
      // Some of them, with whatever they hold; in the other width, others.
      for (let i = width === widths[0] ? 1 : 2, count = await rows.count(); i < count; i += 3) {
        await rows.nth(i).getByRole('button').first().click()
        const dialog = page.getByRole('dialog')
        await dialog.getByRole('list', { name: 'Entries' }).waitFor()
        await assertFits(page, `key ${i}`)
        await dialog.getByRole('button', { name: 'Close' }).click()
      }
    }
    harm.none()
  })

  await t.test('a hostile value is edited, a hostile field and a hostile key are deleted', async () => {
    await open(page, 'store', 1280)
    await page.getByRole('searchbox').fill('<img')
    await page.getByRole('button', { name: image, exact: true }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('button', { name: `Edit ${image}` }).click()
    await page.getByRole('textbox', { name: /New value/ }).fill('"><b>new</b>')
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    await dialog.getByText('"><b>new</b>').waitFor()
    assert.deepEqual(await seriousFaults(page), [])
    assert.equal(String(await store.command('get', image)), '"><b>new</b>')
    await dialog.getByRole('button', { name: `Delete the key ${image}` }).click()
    await page.getByRole('button', { name: 'Delete the key', exact: true }).click()
    await until('the key is gone', async () => (await store.command('exists', image)) === 0)

    await page.getByRole('searchbox').fill('hash')
    await page.getByRole('button', { name: 'hash', exact: true }).click()
    await dialog.getByRole('button', { name: 'Delete __proto__', exact: true }).click()
    const question = page.getByRole('dialog', { name: 'Delete __proto__?' })
    await question.getByRole('button', { name: 'Delete', exact: true }).click()
    await until('the field is gone', async () => (await store.command('hexists', 'hash', '__proto__')) === 0)
    harm.none()
  })

  await t.test('messages of topics', async () => {
    await open(page, 'store', 380)
    await page.getByRole('radio', { name: 'Topics' }).check()
    await page.getByRole('button', { name: 'Listen' }).click()
    await page.getByText('listening').waitFor()
    for (const text of hostileTexts) await store.command('publish', text, text)
    await page.getByRole('listbox').getByText(image).first().waitFor()
    await assertFits(page, 'topics')
    harm.none()
  })

  await t.test('jobs, queues, processes and schedules, and a dead job is retried', async () => {
    for (const width of widths) {
      await open(page, 'tasks?state=dead', width)
      const table = page.getByRole('table', { name: 'Jobs that are dead' })
      await table.getByText(image, { exact: true }).first().waitFor()
      await assertFits(page, 'tasks')
      assert.deepEqual(await seriousFaults(page), [])
      const rows = table.getByRole('row')
      for (let i = 1, count = await rows.count(); i < count; i += 6) {
        await rows.nth(i).getByRole('button').first().click()
        await page.getByRole('dialog').getByText('Timeline').waitFor()
        await assertFits(page, `job ${i}`)
        await page.getByRole('dialog').getByRole('button', { name: 'Close' }).first().click()
      }
    }
    await page.getByRole('table', { name: 'Jobs that are dead' }).getByText(image, { exact: true }).first().click()
    await page.getByRole('button', { name: 'Retry this job' }).click()
    await page.getByRole('dialog').getByText('enqueued').waitFor()
    await page.getByRole('dialog').getByText('ready').first().waitFor()
    assert.deepEqual(await seriousFaults(page), [])
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).first().click()
    await page.getByRole('button', { name: `Pause ${image}`, exact: true }).click()
    await page.getByRole('button', { name: `Resume ${image}`, exact: true }).waitFor()
    harm.none()
  })

  await t.test('every other page, with hostile paths and lines', async () => {
    const ask = (path: string) => request(`http://${tree.listen[0]}`, { path: `/${path}` })
    for (const text of hostileTexts) await ask(encodeURIComponent(text.toWellFormed()))
    for (const name of ['overview', 'apps', 'edge', 'programs', 'logs', 'config']) {
      for (const width of widths) {
        await open(page, name, width)
        await page.getByRole('heading', { level: 1 }).waitFor()
        await assertFits(page, name)
      }
    }
    await open(page, 'logs', 1280)
    await page.getByRole('searchbox').fill('onerror="')
    await page.getByText(image).first().waitFor()
    harm.none()
  })
})

async function signIn(page: Page, tree: Tree): Promise<void> {
  const { stdout } = await tree.cli('dashboard', '--json')
  await page.goto((JSON.parse(stdout) as { url: string }).url)
  await page.getByRole('navigation').first().waitFor()
}

async function open(page: Page, name: string, width: number): Promise<void> {
  await page.setViewportSize({ width, height: 800 })
  await page.goto(`${new URL(page.url()).origin}/#/${name}`)
  await page.reload()
  await page.getByRole('heading', { level: 1 }).waitFor()
}

/** What stands beyond the window would be scrolled to sideways. */
async function assertFits(page: Page, what: string): Promise<void> {
  const element = 'document.documentElement'
  const scrollWidth = await page.evaluate<number>(`${element}.scrollWidth`)
  const clientWidth = await page.evaluate<number>(`${element}.clientWidth`)
  assert.ok(scrollWidth <= clientWidth, `${what} is ${scrollWidth} px wide in ${clientWidth} px`)
}

/** Dialogs, errors, refused resources, and scripts that have run: there must be none. */
async function watchForHarm(page: Page) {
  const harm: string[] = []
  page.on('dialog', dialog => {
    harm.push(`dialog ${dialog.message()}`)
    void dialog.dismiss()
  })
  page.on('pageerror', error => harm.push(`error ${error.message}`))
  page.on('console', message => {
    if (message.type() === 'error' || message.type() === 'warning') harm.push(`console ${message.text()}`)
  })
  page.on('popup', () => harm.push('popup'))
  page.on('framenavigated', frame => {
    if (frame !== page.mainFrame()) harm.push(`frame ${frame.url()}`)
  })
  await page.exposeFunction('tellHarm', (what: string) => harm.push(what))
  await page.addInitScript(`
    addEventListener('securitypolicyviolation', event => tellHarm('policy ' + event.violatedDirective + ' ' + event.blockedURI))
    Object.defineProperty(window, 'hurt', { set: () => tellHarm('a script ran') })
  `)
  return { none: () => assert.deepEqual(harm, []) }
}

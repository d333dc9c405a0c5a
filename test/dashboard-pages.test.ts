/** The pages of the dashboard in a real browser, before a real tree. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import { seriousFaults } from './support/axe.ts'
import { leaveAndReturn, openBrowser } from './support/browser.ts'
import { dashboardLink } from './support/dashboard.ts'
import { startTree, type Tree } from './support/tree.ts'

const pages = ['overview', 'apps', 'edge', 'programs', 'logs', 'config'] as const
const hostile = '<img src=x onerror=document.title=1> \u202eevil\u0007'

const files = {
  'app.mjs': `console.log(${JSON.stringify(hostile)})\nexport default { fetch: () => new Response('hi') }`,
  'public/a.txt': 'a',
}
const config = {
  name: 'shop',
  apps: {
    web: {
      app: './app.mjs',
      listen: '127.0.0.1:0',
      workers: 2,
      edge: { static: { '/static': './public' }, cache: [{ path: '/', ttl: '10s' }] },
    },
  },
  programs: { ticker: { command: 'sh -c "echo a program speaks; exec sleep 600"' } },
  cron: { nightly: { schedule: '0 3 * * *', command: 'true' } },
  dashboard: { listen: '127.0.0.1:0' },
}

test('the pages are usable by all, at every width, and come back after a loss', async t => {
  const browser = await openBrowser(t)
  if (!browser) return
  const tree = await startTree(t, { files, config })
  const { base, token } = await dashboardLink(tree)
  const page = await browser.newPage()
  const faults = watchFaults(page, base)
  await page.emulateMedia({ reducedMotion: 'reduce' })

  await t.test('the token of the address signs in, and is gone from it', async () => {
    await page.goto(`${base}/#token=${token}`)
    await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor()
    assert.ok(!page.url().includes('token'), page.url())
    await page.getByText('live', { exact: true }).waitFor()
    await page.locator('.chart canvas').first().waitFor()
    assert.equal(await page.locator('.chart canvas').count(), 6)
  })

  await t.test('no page has a serious fault of accessibility, in light colours and in dark ones', async () => {
    for (const name of pages) {
      await open(page, name)
      await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' })
      assert.deepEqual(await seriousFaults(page), [], name)
      await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' })
      assert.deepEqual(await seriousFaults(page, ['color-contrast']), [], `${name} in the dark`)
    }
  })

  await t.test('every page fits a telephone of 380 pixels, with its menu', async () => {
    await page.setViewportSize({ width: 380, height: 780 })
    for (const name of pages) {
      await open(page, name)
      const beyond = await page.evaluate('document.documentElement.scrollWidth - innerWidth')
      assert.ok(Number(beyond) <= 0, `${name} is ${beyond} pixels too wide`)
    }
    assert.deepEqual(await seriousFaults(page), [])
    await page.getByRole('button', { name: 'Menu' }).click()
    await page.getByRole('link', { name: 'Apps' }).click()
    await page.getByRole('heading', { name: 'Apps', level: 1 }).waitFor()
    await page.setViewportSize({ width: 1280, height: 800 })
  })

  await t.test('keys go to pages, to the filter, and through a table', async () => {
    await pressPair(page, 'g', 'c')
    await page.getByRole('heading', { name: 'Config', level: 1 }).waitFor()
    await page.getByText('apps.web.workers').waitFor()
    await page.keyboard.press('/')
    await page.keyboard.type('dashboard.listen')
    await page.getByText('1 setting').waitFor()
    await page.keyboard.press('Escape')
    await page.keyboard.press('Escape')
    await pressPair(page, 'g', 'a')
    const worker = page.getByRole('button', { name: 'web:0', exact: true })
    await worker.focus()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    const panel = page.getByRole('dialog', { name: 'web:1' })
    await panel.getByRole('region', { name: 'Stack of web:1' }).waitFor()
    await panel.getByRole('button', { name: 'Copy: Stack of web:1' }).click()
    await panel.locator('.toast').waitFor()
    assert.equal(await page.locator('.toast').count(), 1, 'what came of it is told once, where it can be seen')
    assert.deepEqual(await seriousFaults(page), [], 'the panel of a worker')
    await page.keyboard.press('Escape')
    await panel.waitFor({ state: 'detached' })
    const focused = await page.evaluate('document.activeElement.textContent')
    assert.equal(focused, 'web:1')
    await page.keyboard.press('?')
    await page.getByRole('dialog', { name: 'Keys' }).waitFor()
    assert.deepEqual(await seriousFaults(page), [], 'the keys')
    await page.keyboard.press('Escape')
  })

  await t.test('hostile output is shown as text, with what is hidden in it', async () => {
    await open(page, 'logs')
    const list = page.getByRole('listbox', { name: 'Lines of output' })
    await list.getByText('<img src=x onerror=document.title=1> ⟨U+202E⟩evil⟨BEL⟩').first().waitFor()
    assert.equal(await page.locator('img').count(), 0)
  })

  await t.test('a worker is restarted, and what came of it is told', async () => {
    await open(page, 'apps')
    await page.getByRole('button', { name: 'Restart web:1' }).click()
    await page.locator('.toast-good').waitFor()
  })

  await t.test('the output of a program is beside it', async () => {
    await open(page, 'programs')
    await page.getByRole('button', { name: 'ticker:0', exact: true }).click()
    await page.getByRole('dialog', { name: 'ticker:0' }).getByText('a program speaks').waitFor()
    await page.keyboard.press('Escape')
  })

  await t.test('lines are held back while it is paused, and found by their words', async () => {
    await open(page, 'logs')
    const list = page.getByRole('listbox', { name: 'Lines of output' })
    await list.getByRole('option').first().waitFor()
    await page.getByRole('button', { name: 'Pause' }).click()
    await page.getByText(/^paused, \d+ more came$/).waitFor()
    const asksAgain = page.waitForResponse(response => response.url().includes('/api/logs'))
    await leaveAndReturn(page)
    await asksAgain
    await page.getByText(/^paused, \d+ more came$/).waitFor()
    assert.ok((await list.getByRole('option').count()) > 0, 'what is read stays')
    await page.getByRole('button', { name: 'Resume' }).click()
    await page.getByLabel('Filter the lines').fill('a program speaks')
    await page.getByText(/^1 of \d+ lines$/).waitFor()
    await page.getByLabel('Filter the lines').fill('nobody says this')
    await page.getByText('No line fits the filter.').waitFor()
  })

  await t.test('the colours that were chosen are kept', async () => {
    await page.getByRole('radio', { name: 'Dark' }).check()
    await page.reload()
    await page.getByRole('radio', { name: 'Dark' }).waitFor()
    assert.ok(await page.getByRole('radio', { name: 'Dark' }).isChecked())
    assert.equal(await page.evaluate('getComputedStyle(document.documentElement).colorScheme'), 'dark')
    await page.getByRole('radio', { name: 'Auto' }).check()
  })

  assert.deepEqual(faults(), [], 'nothing is refused, thrown or asked of others')

  await t.test('what cannot be had says why, and is asked for again', async () => {
    const error = { code: 'ERR_CONTROL_TIMEOUT', message: 'The tree did not answer in 10s.', problems: ['It is busy.'] }
    await page.route('**/api/edge', route => route.fulfill({ status: 503, json: { error } }))
    await open(page, 'edge')
    await page.getByText('The tree did not answer in 10s.').waitFor()
    assert.deepEqual(await seriousFaults(page), [])
    await page.unroute('**/api/edge')
    await page.getByRole('button', { name: 'Try again' }).click()
    await page.getByRole('heading', { name: 'Listen sockets' }).waitFor()
  })

  await t.test('where nothing may be changed, buttons say so and do nothing', async () => {
    await page.route('**/api/session', async route => {
      const response = await route.fetch()
      await route.fulfill({ response, json: { ...(await response.json()), isReadOnly: true } })
    })
    await page.reload()
    await open(page, 'apps')
    const restart = page.getByRole('button', { name: 'Restart web:0' })
    assert.equal(await restart.getAttribute('aria-disabled'), 'true')
    assert.match((await restart.getAttribute('title')) ?? '', /read-only/)
    assert.deepEqual(await seriousFaults(page), [])
    await page.unroute('**/api/session')
    await page.reload()
  })

  await t.test('without its server the page says so, and is live again when that is back', async () => {
    await open(page, 'overview')
    // Looked for from before: it says so only until the next one is there.
    const disconnected = page.getByText('Disconnected', { exact: true }).waitFor()
    process.kill(await monitorPid(tree), 'SIGKILL')
    await disconnected
    await page.getByText('live', { exact: true }).waitFor()
    await page.getByText('Disconnected', { exact: true }).waitFor({ state: 'detached' })
  })

  await t.test('who signs out is asked for a token, and told when it is wrong', async () => {
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByRole('heading', { name: 'Sign in to Saola' }).waitFor()
    assert.deepEqual(await seriousFaults(page), [])
    await page.getByLabel('Token').fill('wrong')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('alert').filter({ hasText: /./ }).waitFor()
  })

  await t.test('an address that is pasted into the open page signs in, too, and is gone', async () => {
    const { token } = await dashboardLink(tree)
    await page.evaluate(`location.hash = '#token=${token}'`)
    await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor()
    assert.ok(!page.url().includes('token'), page.url())
  })
})

/** Shows a page, and waits until what it asks for is there. */
async function open(page: Page, name: string): Promise<void> {
  await page.evaluate(`location.hash = '#/${name}'`)
  const title = name.charAt(0).toUpperCase() + name.slice(1)
  await page.getByRole('heading', { name: title, level: 1 }).waitFor()
  await page.locator('.condition-loading').first().waitFor({ state: 'detached' })
}

/** Two keys that belong together, the second sent before the first is answered: it may be only so much later. */
async function pressPair(page: Page, first: string, second: string): Promise<void> {
  await Promise.all([page.keyboard.press(first), page.keyboard.press(second)])
}

/** What a page must never do: log an error, throw, break its policy, or ask anybody but its server. */
function watchFaults(page: Page, base: string): () => readonly string[] {
  const faults: string[] = []
  page.on('console', message => {
    // Before one has signed in, the answer is 401, and browsers log that.
    if (message.type() === 'error' && !message.text().includes('401')) faults.push(message.text())
  })
  page.on('pageerror', error => faults.push(error.message))
  page.on('request', request => {
    if (!request.url().startsWith(`${base}/`)) faults.push(`asked for ${request.url()}`)
  })
  return () => faults
}

async function monitorPid(tree: Tree): Promise<number> {
  const { children } = await tree.status()
  const pid = children.find(({ name }) => name === 'monitor:0')?.pid
  assert.ok(pid !== undefined, 'monitor:0 runs')
  return pid
}

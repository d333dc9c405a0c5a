/** A browser loads a page with all that belongs to it, sends, listens and talks, and has nothing to complain of. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CDPSession, Page } from 'playwright-core'
import { openBrowser } from './support/browser.ts'
import { type Site, startSite, text } from './support/site.ts'
import { until } from './support/until.ts'

test('Chromium is served', async t => {
  const browser = await openBrowser(t)
  if (!browser) return
  const site = await startSite(t)
  const page = await browser.newPage()
  const complaints: string[] = []
  page.on('console', message => message.type() !== 'log' && complaints.push(message.text()))
  page.on('pageerror', error => complaints.push(String(error)))
  const statuses = await watchStatuses(await browser.newCDPSession(page))

  await t.test('it is sent to TLS, and loads a page over HTTP/2', () => loadPage(page, site))
  await t.test('it loads again only what has changed', () => loadAgain(page, statuses))
  await t.test('it plays what it has only a part of', () => playPart(page))
  for (const prefix of ['', '/api']) {
    await t.test(`it uploads to ${prefix}/`, () => upload(page, prefix))
    await t.test(`it listens to events of ${prefix}/`, async () => {
      assert.deepEqual(await page.evaluate(`page.listen('${prefix}/events')`), ['one', 'two', 'three'])
    })
    await t.test(`it talks over a WebSocket with ${prefix}/`, async () => {
      assert.deepEqual(await page.evaluate(`page.talk('${prefix}/socket')`), [4_000, true, 'a text', true])
    })
    await t.test(`it gets a file that ${prefix}/ only names`, async () => {
      const { text } = await page.evaluate<{ text: string }>(`page.get('${prefix}/invoices/one.txt')`)
      assert.equal(text, 'The invoice of somebody.\n')
    })
  }
  assert.deepEqual(complaints, [])
  await t.test('a reload of the server ends its WebSockets with 1001, and its events go on', () => stay(page, site))
  // That the events have ended meanwhile is a complaint, and true.
  assert.deepEqual(
    complaints.filter(text => !/ERR_/.test(text)),
    [],
  )
})

interface Statuses {
  clear(): void
  /** Path and status of each answer, as it came over the network: a page is not told of a 304. */
  list(): string[]
}

async function watchStatuses(session: CDPSession): Promise<Statuses> {
  const statuses: [id: string, status: number][] = []
  const paths = new Map<string, string>()
  session.on('Network.requestWillBeSent', ({ requestId, request }) => {
    paths.set(requestId, new URL(request.url).pathname)
  })
  session.on('Network.responseReceivedExtraInfo', ({ requestId, statusCode }) => {
    statuses.push([requestId, statusCode])
  })
  await session.send('Network.enable')
  return {
    clear: () => void statuses.splice(0),
    // Which request it was may be told after its answer.
    list: () => statuses.map(([id, status]) => `${paths.get(id)} ${status}`),
  }
}

async function loadPage(page: Page, { url, plainUrl }: Site): Promise<void> {
  const response = await page.goto(`${plainUrl}/static/index.html`)
  assert.deepEqual([response?.url(), response?.status()], [`${url}/static/index.html`, 200])
  await waitForScript(page)
  assert.deepEqual(await page.evaluate('page.appearance()'), ['rgb(1, 2, 3)', 40])
  const loaded = await page.evaluate<string[]>('page.loaded()')
  for (const name of ['index.html', 'style.css', 'script.js', 'logo.svg']) {
    assert.ok(loaded.includes(`/static/${name} h2 200`), loaded.join('\n'))
  }
  assert.deepEqual(await page.evaluate(`page.get('text.txt')`), { status: 200, coding: 'br', text })
}

function waitForScript(page: Page): Promise<void> {
  return page.locator('body[data-script=ran]').waitFor()
}

async function loadAgain(page: Page, statuses: Statuses): Promise<void> {
  const session = await page.context().newCDPSession(page)
  // No page, for Chromium keeps none whose certificate nobody has signed.
  const names = ['style.css', 'script.js']
  for (const [status, ignoreCache] of [
    [304, false],
    [200, true],
  ] as const) {
    statuses.clear()
    const loaded = page.waitForEvent('load')
    await session.send('Page.reload', { ignoreCache })
    await loaded
    // The page may be told of its load before this process is told of the answers.
    await until(`both came with ${status}`, () =>
      names.every(name => statuses.list().includes(`/static/${name} ${status}`)),
    )
  }
  await session.detach()
}

async function playPart(page: Page): Promise<void> {
  const ranges: string[] = []
  page.on('response', response => {
    if (response.url().endsWith('.wav')) ranges.push(`${response.status()} ${response.headers()['content-range']}`)
  })
  await page.reload()
  await waitForScript(page)
  assert.deepEqual(await page.evaluate('page.playFrom(170)'), [180, 170])
  const starts = ranges.map(range => Number(/^206 bytes (\d+)-\d+\/34560044$/.exec(range)?.[1]))
  assert.ok(starts.includes(0) && starts.some(start => start > 30_000_000), ranges.join('\n'))
}

async function upload(page: Page, prefix: string): Promise<void> {
  const answers = await page.evaluate<{ bytes: number; sha256: string }[]>(`page.upload('${prefix}/upload')`)
  const [whole, streamed, form] = answers
  assert.deepEqual([whole?.bytes, streamed?.bytes], [1_000_000, 1_000_000])
  assert.equal(whole?.sha256, streamed?.sha256)
  assert.ok(Number(form?.bytes) > 1_000_000)
}

async function stay(page: Page, { tree }: Site): Promise<void> {
  const prefixes = ['', '/api']
  for (const prefix of prefixes) await page.evaluate(`page.stay('${prefix}')`)
  await page.waitForFunction('page.areBegun(1)')
  const { code, stderr } = await tree.cli('reload', '--wait')
  assert.equal(code, 0, stderr)
  await page.waitForFunction('page.areBegun(2) && Object.keys(page.ends).length === 2')
  assert.deepEqual(await page.evaluate('page.ends'), { '': '1001 true', '/api': '1001 true' })
  for (const prefix of prefixes)
    assert.match(await page.evaluate(`page.get('${prefix}/who').then(JSON.stringify)`), /"status":200/)
}

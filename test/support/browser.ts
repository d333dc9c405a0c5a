import { existsSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { type BrowserContext, chromium, type Page } from 'playwright-core'
import { waitTimeoutMs } from './http-connection.ts'

const program = '/usr/bin/chromium'

/** Nothing of it may ask the world; certificates are those of a test. */
const options = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--ignore-certificate-errors',
]

/** As if somebody went to another tab and came back: a page asks for nothing meanwhile, and again then. */
export async function leaveAndReturn(page: Page): Promise<void> {
  for (const isHidden of [true, false]) {
    await page.evaluate(`
      Object.defineProperty(document, 'hidden', { value: ${isHidden}, configurable: true })
      document.dispatchEvent(new Event('visibilitychange'))
    `)
    // What the page does then, it has begun by the next frame.
    await page.evaluate('new Promise(requestAnimationFrame)')
  }
}

/**
 * A Chromium of Debian that has never been used. Undefined where there is none: then the test is skipped, and says so. It is
 * ended with the test.
 */
export async function openBrowser(t: TestContext): Promise<BrowserContext | undefined> {
  if (!existsSync(program)) {
    t.skip(`NOT TESTED: ${program} is missing. Install it: "apt-get install chromium".`)
    return undefined
  }
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'saola-browser-')))
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 }))
  const browser = await chromium.launchPersistentContext(folder, {
    executablePath: program,
    headless: true,
    args: options,
    ignoreHTTPSErrors: true,
    timeout: 2 * waitTimeoutMs,
  })
  t.after(() => browser.close())
  browser.setDefaultTimeout(waitTimeoutMs)
  return browser
}

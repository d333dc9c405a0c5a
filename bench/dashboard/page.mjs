// The dashboard in a real Chromium, and how long its frames take.
import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import http from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { chromium } from 'playwright-core'

const options = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]
const names = ['overview', 'apps', 'edge', 'store', 'tasks', 'programs', 'logs', 'config']

/** Signs in with a one-time address. */
export async function openPage(url) {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'saola-bench-browser-')))
  const browser = await chromium.launchPersistentContext(folder, {
    executablePath: '/usr/bin/chromium',
    headless: true,
    args: options,
    viewport: { width: 1440, height: 900 },
  })
  const page = await browser.newPage()
  await page.goto(url)
  await page.waitForSelector('nav')
  const cdp = await browser.newCDPSession(page)
  const { origin } = new URL(url)
  const open = async name => {
    await page.goto(`${origin}/#/${name}`)
    await page.waitForSelector('main h1')
  }
  return {
    names,
    open,
    async measure(name, ms) {
      await open(name)
      // What is drawn first is not what is seen for hours.
      await pause(2_000)
      const frames = await page.evaluate(watchFrames, ms)
      const sorted = frames.toSorted((a, b) => a - b)
      const { usedSize } = await cdp.send('Runtime.getHeapUsage')
      return {
        framesPerSecond: (frames.length / ms) * 1_000,
        frameMs: sorted[Math.floor(sorted.length * 0.99)] ?? 0,
        longest: sorted.at(-1) ?? 0,
        heapMb: usedSize / 1e6,
        processMb: rendererMb(),
      }
    },
    /** Looks as a further dashboard does, without a browser. */
    async follow(link) {
      const token = new URL(link).hash.slice('#token='.length)
      const cookie = await signIn(origin, token)
      const request = http.get(`${origin}/api/live`, { headers: { cookie } }, response => response.resume())
      request.on('error', () => {})
      return { close: () => request.destroy() }
    },
    async close() {
      await browser.close()
      rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
    },
  }
}

/** From frame to frame, in the page: how long each has taken. */
function watchFrames(ms) {
  return new Promise(resolve => {
    const frames = []
    const until = performance.now() + ms
    let last = performance.now()
    const onFrame = now => {
      frames.push(now - last)
      last = now
      if (now < until) requestAnimationFrame(onFrame)
      else resolve(frames.slice(1))
    }
    requestAnimationFrame(onFrame)
  })
}

function signIn(origin, token) {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json' }
    const request = http.request(`${origin}/api/session`, { method: 'POST', headers }, response => {
      response.resume()
      resolve(response.headers['set-cookie']?.[0]?.split(';')[0] ?? '')
    })
    request.on('error', reject).end(JSON.stringify({ token }))
  })
}

/** What the process of the page has (PSS): the largest, as no other browser runs beside a bench. */
function rendererMb() {
  const sizes = readdirSync('/proc').flatMap(pid => {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'latin1')
      if (!command.includes('--type=renderer')) return []
      const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1')
      return [(Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1] ?? 0) * 1024) / 1e6]
    } catch {
      return []
    }
  })
  return Math.max(0, ...sizes)
}

// Takes the pictures of the dashboard in docs/images again: `npm run screenshots`. A small shop under a little load, with a worker
// that was killed and a reload, in Debian's Chromium.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { build, install, node, root, saola } from './setup.mjs'

const images = join(root, 'docs', 'images')
const loadMs = 75_000
const shots = [
  { page: 'overview' },
  { page: 'overview', theme: 'dark' },
  { page: 'apps' },
  { page: 'edge' },
  { page: 'store', open: 'prices' },
  { page: 'tasks' },
  { page: 'programs' },
  { page: 'logs' },
  { page: 'config' },
  { page: 'apps', theme: 'dark', width: 380 },
]

const files = {
  'saola.config.mjs': `export default {
  name: 'shop',
  apps: {
    web: {
      app: './server.mjs',
      listen: '127.0.0.1:0',
      workers: 4,
      accessLog: false,
      edge: {
        static: { '/static': './static' },
        cache: [{ path: '/offers', ttl: '5s' }],
        rateLimit: [{ path: '/login', rate: '5/s', burst: 5, key: 'ip' }],
        access: [{ path: '/admin', allow: ['10.0.0.0/8'] }],
      },
    },
  },
  store: {},
  tasks: { pools: { cpu: { processes: 1 } } },
  programs: {
    search: { command: 'sh -c "while :; do echo index is fresh; sleep 2; done"' },
    mailer: { command: 'sh -c "echo connected to smtp.example; sleep 3600"', instances: 2 },
  },
  cron: { backup: { schedule: '0 3 * * *', command: 'sh -c "echo saved 1204 orders"' } },
  dashboard: { listen: '127.0.0.1:0' },
}`,
  'server.mjs': `
const pause = ms => new Promise(resolve => setTimeout(resolve, ms))
export default {
  async fetch(request) {
    const { pathname } = new URL(request.url)
    await pause(Math.random() ** 4 * 60)
    if (pathname === '/broken') return new Response('no', { status: 500 })
    if (Math.random() < 0.003) console.log('order ' + Math.floor(Math.random() * 9000 + 1000) + ' is paid')
    return new Response('<h1>shop</h1>', { headers: { 'content-type': 'text/html' } })
  },
}`,
  'static/style.css': 'body { color: teal }',
  'tasks/shop.mjs': `
import { defineTask, schedule } from 'saola/tasks'
export const receipt = defineTask({ id: 'receipt', run: () => {} })
export const charge = defineTask({ id: 'charge', retry: { attempts: 1 }, run: () => { throw new Error('card 4242 was declined') } })
const sendDigest = defineTask({ id: 'digest', run: () => {} })
export const digest = schedule('digest', { cron: '0 8 * * *' }, sendDigest)
`,
  'fill.mjs': `
import { openStore } from 'saola/store'
const store = openStore({ dir: '.saola/shop/store' })
await store.map('prices').setMany([['tea', { euro: 4.5, stock: 120 }], ['coffee', { euro: 6, stock: 48 }], ['cake', { euro: 3.2, stock: 9 }]])
for (let i = 0; i < 40; i++) await store.map('session:' + (7919 * (i + 11)).toString(16)).set('user', 'user-' + i, { ttl: '30m' })
for (let i = 0; i < 12; i++) await store.list('cart:' + (100 + i)).push('tea', 'cake')
await store.counter('orders').increment(1204)
await store.close()
`,
}

install()
build()
const { chromium } = await import('playwright-core')
const dir = mkdtempSync(join(tmpdir(), 'saola-shots-'))
for (const [path, text] of Object.entries(files)) {
  mkdirSync(dirname(join(dir, path)), { recursive: true })
  writeFileSync(join(dir, path), text)
}
mkdirSync(join(dir, 'node_modules'))
symlinkSync(root, join(dir, 'node_modules', 'saola'))
mkdirSync(images, { recursive: true })
const tree = spawn(node, [saola, 'start'], { cwd: dir, stdio: ['ignore', 'pipe', 'inherit'] })
const heard = []
createInterface({ input: tree.stdout }).on('line', line => heard.push(line))
let browser
try {
  const address = await untilServing()
  run(node, 'fill.mjs')
  let isLoaded = true
  const load = Promise.all(Array.from({ length: 6 }, () => visit(address, () => isLoaded)))
  for (let i = 0; i < 12; i++) command('tasks', 'run', i % 4 === 3 ? 'charge' : 'receipt')
  await pause(loadMs / 3)
  const { children } = JSON.parse(command('status', '--json'))
  process.kill(children.find(({ name }) => name === 'web:2').pid, 'SIGKILL')
  await pause(loadMs / 3)
  command('reload', '--wait')
  await pause(loadMs / 3)
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] })
  for (const shot of shots) await take(shot)
  isLoaded = false
  await load
} finally {
  await browser?.close()
  tree.kill()
  if (tree.exitCode === null) await once(tree, 'exit')
  rmSync(dir, { recursive: true, force: true, maxRetries: 10 })
}

async function untilServing() {
  for (;;) {
    const at = name => heard.map(line => JSON.parse(line)).find(({ event }) => event === name)
    if (at('monitor.ready') && at('tree.ready')) return at('tree.ready').listen
    await pause(50)
  }
}

async function visit(address, goesOn) {
  const paths = ['/', '/', '/offers', '/offers', '/static/style.css', '/order', '/broken', '/login', '/admin', '/cart']
  while (goesOn()) {
    const path = paths[Math.floor(Math.random() ** 1.5 * paths.length)]
    await fetch(`http://${address}${path}`).then(
      response => response.text(),
      () => {},
    )
    await pause(Math.random() * 30)
  }
}

async function take({ page: name, theme = 'light', width = 1280, open }) {
  const context = await browser.newContext({ viewport: { width, height: 800 }, colorScheme: theme })
  const page = await context.newPage()
  await page.goto(JSON.parse(command('dashboard', '--json')).url)
  await page.getByRole('heading', { level: 1 }).waitFor()
  await page.goto(`${new URL(page.url()).origin}/#/${name}`)
  await pause(2_500)
  if (open !== undefined) await page.getByRole('button', { name: open, exact: true }).click()
  await pause(1_000)
  const words = [name, ...(theme === 'dark' ? ['dark'] : []), ...(width < 500 ? ['phone'] : [])]
  await page.screenshot({ path: join(images, `dashboard-${words.join('-')}.png`) })
  await context.close()
}

function command(...args) {
  try {
    return run(node, saola, ...args)
  } catch (error) {
    return String(error.stdout)
  }
}

function run(program, ...args) {
  return execFileSync(program, args, { cwd: dir, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
}

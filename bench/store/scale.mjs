// `npm run bench:store:scale [-- --keys 1000000]`: what many and large things do to the owner of a store: a million keys, a
// hundred thousand that end in one second, a value of 64 MB, a thousand subscribers, one that never reads.
//
// The delay of the owner's event loop is measured in the owner itself: the longest time between two turns, while it is so.
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { openStore } from '../../dist/store.js'
import { benchRoot } from '../support/candidates.mjs'
import { machine, table } from '../support/machine.mjs'
import { start } from '../support/processes.mjs'

const { values } = parseArgs({ options: { keys: { type: 'string', default: '1000000' } } })
const keyCount = Number(values.keys)
const endingCount = 100_000
const batch = 1000
const megabyte = 1024 ** 2
const value = 'v'.repeat(80)

const dir = mkdtempSync(join(tmpdir(), 'saola-bench-scale-'))
process.on('exit', () => rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 }))
const owner = await startOwner()
const store = openStore({ dir, timeoutMs: 60_000 })
const rows = []

await measure(`${keyCount} keys are written`, writeKeys)
await measure(`${keyCount} keys are listed`, listKeys)
await measure(`${endingCount} keys end within one second`, endKeys)
await measure('a value of 64 MB', largeValue)
await measure('1000 subscribers, 100 messages', manySubscribers)
await measure('a subscriber that never reads', silentSubscriber)

console.log(`${machine()}\n`)
console.log(table(['', 'measured', 'longest turn of the owner', 'its memory'], rows))
await store.close()
await owner.stop()

async function measure(name, work) {
  await owner.longestTurn()
  const said = await work()
  const longest = await owner.longestTurn()
  rows.push([name, said, `${longest.toFixed(0)} ms`, `${Math.round(rss() / megabyte)} MiB`])
}

async function writeKeys() {
  const startedAt = performance.now()
  for (let i = 0; i < keyCount; i += batch) {
    await Promise.all(Array.from({ length: batch }, (_, j) => store.command('set', `key:${i + j}`, value)))
  }
  const rate = (keyCount * 1000) / (performance.now() - startedAt)
  return `${Math.round(rate)}/s, ${Math.round((await store.info()).bytes / keyCount)} bytes of the disk a key`
}

async function listKeys() {
  const startedAt = performance.now()
  let count = 0
  for await (const _key of store.keys()) count++
  return `${count} in ${seconds(startedAt)}, in this process`
}

/** Also: how long others wait meanwhile. */
async function endKeys() {
  const ending = Date.now() + 5_000
  await store.counter('n').increment()
  for (let i = 0; i < endingCount; i += batch) {
    await Promise.all(
      Array.from({ length: batch }, (_, j) => store.command('set', `ending:${i + j}`, value, 'PXAT', ending + j)),
    )
  }
  const sizeBefore = (await store.info()).keys
  await pause(Math.max(0, ending - Date.now()))
  await owner.longestTurn()
  const startedAt = performance.now()
  const times = []
  while ((await store.info()).keys > sizeBefore - endingCount) {
    const sentAt = performance.now()
    await store.counter('n').increment()
    times.push(performance.now() - sentAt)
  }
  times.sort((a, b) => a - b)
  const p99 = times[Math.floor(times.length * 0.99)]
  return `gone in ${seconds(startedAt)}; an increment meanwhile: p99 ${p99.toFixed(1)} ms, at most ${times.at(-1).toFixed(0)} ms`
}

async function largeValue() {
  const map = store.map('large', { codec: 'bytes' })
  const large = Buffer.alloc(64 * megabyte, 7)
  let startedAt = performance.now()
  await map.set('value', large)
  const set = performance.now() - startedAt
  startedAt = performance.now()
  if (!map.peek('value').equals(large)) throw new Error('The value has changed.')
  const peek = performance.now() - startedAt
  await map.clear()
  return `set ${set.toFixed(0)} ms, peek ${peek.toFixed(0)} ms`
}

async function manySubscribers() {
  const sockets = []
  // The system lets some hundreds wait for their connection at a time.
  while (sockets.length < 1000)
    sockets.push(...(await Promise.all(Array.from({ length: 100 }, () => subscribe('chat')))))
  let bytes = 0
  const wanted = Promise.withResolvers()
  const bytesOfMessage =
    '>3\r\n$7\r\nmessage\r\n$4\r\nchat\r\n'.length + `$${value.length}\r\n`.length + value.length + 2
  for (const socket of sockets) {
    socket.on('data', chunk => {
      bytes += chunk.length
      if (bytes === 1000 * 100 * bytesOfMessage) wanted.resolve()
    })
  }
  const startedAt = performance.now()
  for (let i = 0; i < 100; i++) await store.command('publish', 'chat', value)
  await wanted.promise
  const rate = (100_000 * 1000) / (performance.now() - startedAt)
  for (const socket of sockets) socket.destroy()
  return `${Math.round(rate)} deliveries/s`
}

async function silentSubscriber() {
  const socket = await subscribe('chat')
  socket.pause()
  const message = 'm'.repeat(1000)
  let sent = 0
  const before = rss()
  let most = 0
  for (; sent < 1_000_000; sent += 100) {
    const counts = await Promise.all(Array.from({ length: 100 }, () => store.command('publish', 'chat', message)))
    most = Math.max(most, rss() - before)
    if (counts.at(-1) === 0) break
  }
  return `cut off after ${Math.round(sent / 1000)} MB, ${Math.round(most / megabyte)} MiB of memory more`
}

async function subscribe(channel) {
  const socket = net.connect(join(dir, 'store.sock'))
  socket.on('error', () => {})
  socket.write(`HELLO 3\r\nsaola.subscribe ${channel}\r\n`)
  let text = ''
  while (!text.includes('+OK')) text += String((await once(socket, 'data'))[0])
  return socket
}

/** The owner's process, with a look at its event loop that answers a signal. */
async function startOwner() {
  const watch = `
    let last = performance.now(), longest = 0
    const look = () => { const now = performance.now(); longest = Math.max(longest, now - last - 1); last = now }
    setInterval(look, 1).unref()
    process.on('SIGUSR2', () => { look(); process.stdout.write(longest + '\\n'); longest = 0 })`
  const spec = { dir, durability: 'everysec', sizeMax: 0, valueBytesMax: 128 * megabyte, keysMax: 0 }
  const started = start(
    process.execPath,
    [
      '--import',
      `data:text/javascript,${encodeURIComponent(watch)}`,
      join(benchRoot, '..', 'dist', 'processes', 'store.js'),
    ],
    {
      env: { ...process.env, SAOLA_STORE: JSON.stringify({ ...spec, snapshots: { everyMs: 0, keep: 1 } }) },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  const lines = createInterface({ input: started.child.stdout })
  while (!existsSync(join(dir, 'store.sock'))) await pause(5)
  return {
    ...started,
    /** Since it was asked for the last time, in milliseconds. */
    async longestTurn() {
      const line = once(lines, 'line')
      process.kill(started.pid, 'SIGUSR2')
      return Number((await line)[0])
    },
  }
}

function rss() {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${owner.pid}/status`, 'latin1'))?.[1]) * 1024
}

function seconds(startedAt) {
  return `${((performance.now() - startedAt) / 1000).toFixed(1)} s`
}

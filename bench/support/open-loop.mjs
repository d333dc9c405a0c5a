// Load that does not wait: requests come at a rate of their own, as from many people, whether or not earlier ones have been
// answered. What waits because the server is late is counted from the moment when it should have been sent.
import net from 'node:net'

/**
 * Sends `perSecond` requests for so many seconds. `pathOf(n)` gives the target of each; only `connectionsMax` connections are
 * opened: what finds none free waits for one, which counts as waiting.
 */
export async function openLoop({
  port,
  perSecond,
  seconds,
  pathOf = () => '/',
  connectionsMax = 1000,
  timeoutMs = 10_000,
}) {
  const pool = new Pool(port, connectionsMax)
  const results = []
  const total = Math.round(perSecond * seconds)
  const startedAt = performance.now()
  let sent = 0
  let settled = 0
  await new Promise(resolve => {
    const timer = setInterval(() => {
      const due = Math.min(total, Math.floor(((performance.now() - startedAt) / 1000) * perSecond))
      while (sent < due) {
        const path = pathOf(sent)
        const dueAt = startedAt + (sent / perSecond) * 1000
        sent++
        pool.ask(path, timeoutMs, status => {
          results.push({ path, status, ms: performance.now() - dueAt, atMs: performance.now() - startedAt })
          if (++settled === total) resolve()
        })
      }
      if (sent === total) clearInterval(timer)
    }, 1)
  })
  pool.close()
  return results
}

/** Milliseconds below which a share of the answers came. */
export function percentile(results, share) {
  const sorted = results.map(({ ms }) => ms).sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

class Pool {
  #port
  #max
  #open = 0
  #idle = []
  #waiting = []
  #isClosed = false

  constructor(port, max) {
    this.#port = port
    this.#max = max
  }

  ask(path, timeoutMs, done) {
    const job = { path, timeoutMs, done }
    const idle = this.#idle.pop()
    if (idle) idle.run(job)
    else if (this.#open < this.#max) this.#connect(job)
    else this.#waiting.push(job)
  }

  close() {
    this.#isClosed = true
    for (const connection of this.#idle) connection.socket.destroy()
  }

  #connect(job) {
    this.#open++
    const connection = new Connection(this.#port, isUsable => {
      if (!isUsable || this.#isClosed) {
        this.#open--
        connection.socket.destroy()
        const next = this.#waiting.shift()
        if (next) this.#connect(next)
        return
      }
      const next = this.#waiting.shift()
      if (next) connection.run(next)
      else this.#idle.push(connection)
    })
    connection.run(job)
  }
}

class Connection {
  #job
  #timer
  #text = ''
  #onFree

  constructor(port, onFree) {
    this.#onFree = onFree
    this.socket = net.connect(port, '127.0.0.1')
    this.socket.setNoDelay(true)
    this.socket.setEncoding('latin1')
    this.socket.on('data', text => this.#read(text))
    this.socket.on('error', () => {})
    this.socket.on('close', () => this.#finish(0))
  }

  run(job) {
    // An idle one that the server has closed meanwhile.
    this.#job = job
    this.#text = ''
    this.#timer = setTimeout(() => this.#finish(0), job.timeoutMs)
    this.socket.write(`GET ${job.path} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
  }

  #read(text) {
    this.#text += text
    const end = this.#text.indexOf('\r\n\r\n')
    if (end < 0) return
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(this.#text)?.[1] ?? 0)
    if (this.#text.length < end + 4 + length) return
    this.#finish(Number(this.#text.slice(9, 12)), !/\r\nconnection: *close/i.test(this.#text))
  }

  /** Status 0: no answer. */
  #finish(status, isUsable = false) {
    const job = this.#job
    if (!job) return
    this.#job = undefined
    clearTimeout(this.#timer)
    this.#onFree(isUsable)
    job.done(status)
  }
}

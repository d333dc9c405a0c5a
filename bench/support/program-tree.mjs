// A tree with programs, as an operator has it: its configuration in a folder, its log on stdout, its commands by `saola`.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { saolaBin } from './candidates.mjs'
import { run, start } from './processes.mjs'

const name = 'bench'

/** What is in lines that nobody looks at: grep leaves them out, so that it is not the reader who is measured. */
export const floodMark = 'flood'

/** Starts a tree, and resolves when it is ready. `files`: path in its folder → text. */
export async function startProgramTree({ files = {}, ...config }) {
  const dir = mkdtempSync(join(tmpdir(), 'saola-bench-'))
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true })
    writeFileSync(join(dir, path), text)
  }
  const configure = more => writeFileSync(join(dir, 'saola.config.json'), JSON.stringify({ name, ...config, ...more }))
  configure({})
  const reader = spawn('grep', ['--line-buffered', '-av', floodMark], { stdio: ['pipe', 'pipe', 'inherit'] })
  const startedAt = performance.now()
  const supervisor = start(process.execPath, [saolaBin, 'start'], {
    cwd: dir,
    stdio: ['ignore', reader.stdin, 'inherit'],
  })
  reader.stdin.destroy()
  const tree = new ProgramTree({ dir, supervisor, reader, configure })
  await tree.line(/tree\.ready/)
  tree.startMs = performance.now() - startedAt
  return tree
}

class ProgramTree {
  lines = []
  #waiting = new Set()

  constructor({ dir, supervisor, reader, configure }) {
    this.dir = dir
    this.pid = supervisor.pid
    this.supervisor = supervisor
    this.configure = configure
    this.ended = once(supervisor.child, 'exit')
    createInterface({ input: reader.stdout }).on('line', text => {
      this.lines.push({ text, at: Date.now() })
      for (const look of this.#waiting) look(text)
    })
  }

  /** The first line that matches, from now or before. */
  line(pattern) {
    const known = this.lines.find(({ text }) => pattern.test(text))
    if (known) return Promise.resolve(known.text)
    return new Promise((resolve, reject) => {
      const look = text => {
        if (!pattern.test(text)) return
        this.#waiting.delete(look)
        resolve(text)
      }
      this.#waiting.add(look)
      this.ended.then(() => reject(new Error(`The tree has ended:\n${this.lines.map(({ text }) => text).join('\n')}`)))
    })
  }

  /** Runs one of Saola's commands to its end, and returns how long that took, in milliseconds. */
  async command(...args) {
    const startedAt = performance.now()
    await run(process.execPath, [saolaBin, ...args], { cwd: this.dir })
    return performance.now() - startedAt
  }

  /** What its control socket says, without a process for the question. */
  status() {
    const socketPath = join(this.dir, '.saola', name, 'control.sock')
    return new Promise((resolve, reject) => {
      const asked = request({ socketPath, path: '/status', agent: false }, response => {
        let text = ''
        response.setEncoding('utf8').on('data', chunk => {
          text += chunk
        })
        response.on('end', () => resolve(JSON.parse(text)))
      })
      asked.on('error', reject).end()
    })
  }

  async remove() {
    await this.supervisor.stop()
    rmSync(this.dir, { recursive: true, force: true, maxRetries: 10 })
  }
}

const ticksPerSecond = 100

/** CPU time of one process so far, in seconds. */
export function cpuOf(pid) {
  const fields = statOf(pid)
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
}

export function residentMib(pid) {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024
}

/** Bytes that a process has written so far, wherever they went. */
export function writtenBytes(pid) {
  return Number(/wchar: (\d+)/.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))[1])
}

/** How many children of a process have ended and wait for it to notice. */
export function zombiesOf(pid) {
  const isZombie = name => {
    const [state, parent] = statOf(name) ?? []
    return state === 'Z' && Number(parent) === pid
  }
  return readdirSync('/proc').filter(name => /^\d+$/.test(name) && isZombie(name)).length
}

/** From the third field on, the state. */
function statOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  } catch {
    return undefined
  }
}

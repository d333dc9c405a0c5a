// `npm run test:stalls -- reload 3`: runs the test files whose path contains "reload" three times, on a machine that stalls: every few
// milliseconds some process of the run stands still for up to a second, as on a busy host. A test that fails here and nowhere
// else takes the machine for faster, or more even, than it is: see CONTRIBUTING.md. A process that the test itself
// has stopped may go on too early.
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { filesUnder, node, root } from './setup.mjs'

const testTimeoutMs = 300_000
const pauseMs = 30
// Most stalls are short; one of twenty is about as long as a loaded virtual machine can be away.
const stallMs = () => (Math.random() < 0.05 ? 300 + Math.random() * 700 : 10 + Math.random() * 140)

const [pattern = '', runs = '1', ...options] = process.argv.slice(2)
const files = [...filesUnder('src'), ...filesUnder('test')].filter(
  path => path.endsWith('.test.ts') && path.includes(pattern),
)
if (files.length === 0) {
  console.error(`No test file has ${pattern} in its path.`)
  process.exit(1)
}

/** Who stands still now: nobody is to stay so when this ends. */
let stalled
for (const name of ['SIGINT', 'SIGTERM']) process.on(name, () => process.exit(1))
process.on('exit', () => stalled && signal(stalled, 'SIGCONT'))

let failures = 0
for (let run = 1; run <= Number(runs); run++) {
  for (const file of files) if (!(await passes(file))) failures++
}
console.log(`${files.length} files ${runs} times on a machine that stalls: ${failures} failed`)
process.exit(failures === 0 ? 0 : 1)

async function passes(file) {
  const args = ['--test', '--test-concurrency=1', `--test-timeout=${testTimeoutMs}`, ...options, file]
  const child = spawn(node, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.on('data', chunk => {
    output += chunk
  })
  const ended = new Promise(resolve => child.on('exit', resolve))
  const stop = stallSomebody(child.pid)
  const code = await ended
  await stop()
  console.log(`${code === 0 ? 'ok  ' : 'FAIL'}  ${file}`)
  if (code !== 0) console.log(output.slice(Math.max(0, output.indexOf('failing tests:'))))
  return code === 0
}

/** One of the processes below this one after the other; never the runner itself, whose time no test measures. */
function stallSomebody(runner) {
  let isOver = false
  const done = (async () => {
    while (!isOver) {
      const below = descendantsOf(runner)
      const pid = below[Math.floor(Math.random() * below.length)]
      if (pid !== undefined && signal(pid, 'SIGSTOP')) {
        stalled = pid
        await wait(stallMs())
        signal(pid, 'SIGCONT')
        stalled = undefined
      }
      await wait(pauseMs)
    }
  })()
  return () => {
    isOver = true
    return done
  }
}

function descendantsOf(pid) {
  const parents = new Map()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const stat = statOf(name)
    // Who stands still already was stopped by a test.
    if (stat && stat[0] !== 'T') parents.set(Number(name), Number(stat[1]))
  }
  const isBelow = id => {
    const parent = parents.get(id)
    return parent !== undefined && (parent === pid || isBelow(parent))
  }
  return [...parents.keys()].filter(isBelow)
}

function statOf(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  } catch {
    return undefined
  }
}

function signal(pid, name) {
  try {
    return process.kill(pid, name)
  } catch {
    return false
  }
}

function wait(ms) {
  return new Promise(resolve => setTimeout(resolve, ms))
}

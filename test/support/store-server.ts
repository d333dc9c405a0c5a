import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { waitTimeoutMs } from './http-connection.ts'
import { inTime } from './in-time.ts'
import { root } from './tree.ts'

export interface StoreServer {
  readonly child: ChildProcess
  readonly dir: string
  readonly port: number
  /** What it has written to standard output so far. */
  output(): string
  /** Of its memory. */
  rssBytes(): number
  /** Asks it to end; resolves with its exit code, when all of its output is here. */
  stop(signal?: NodeJS.Signals): Promise<number | null>
}

/** `saola store serve` on a free port, in a folder of its own, which is gone with the test as the process is. */
export async function serveStore(
  t: Pick<TestContext, 'after'>,
  { args = [], env = {}, json = true }: { args?: readonly string[]; env?: NodeJS.ProcessEnv; json?: boolean } = {},
): Promise<StoreServer> {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'saola-serve-')))
  const own = ['--dir', dir, '--listen', '127.0.0.1:0', ...(json ? ['--json'] : [])]
  const child = spawn(process.execPath, [join(root, 'src/bin.ts'), 'store', 'serve', ...own, ...args], {
    env: { ...process.env, NODE_TEST_CONTEXT: undefined, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let text = ''
  let complaints = ''
  const ended = once(child, 'close')
  t.after(async () => {
    child.kill('SIGKILL')
    await ended
    rmSync(dir, { recursive: true, force: true, maxRetries: 5 })
  })
  child.stderr.setEncoding('utf8').on('data', part => {
    complaints += part
  })
  const ready = new Promise<void>((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', part => {
      text += part
      if (text.includes('store.ready')) resolve()
    })
    child.once('close', code => reject(new Error(`the store has ended with ${code}: ${complaints}`)))
  })
  await inTime(ready, () => `no store.ready in ${waitTimeoutMs} ms: ${text}${complaints}`)
  const port = Number(/127\.0\.0\.1:(\d+)/.exec(text)?.[1])
  return {
    child,
    dir,
    port,
    output: () => text,
    rssBytes: () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) * 1024,
    async stop(signal = 'SIGTERM') {
      child.kill(signal)
      const [code] = (await ended) as [number | null]
      return code
    },
  }
}

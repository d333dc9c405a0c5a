/** The dashboard of a tree as a client that is no browser sees it: each request is what the test says, and nothing more. */
import type { TestContext } from 'node:test'
import { type RequestOptions, request } from './http-connection.ts'
import type { HttpResponse } from './http-response.ts'
import type { Tree } from './tree.ts'

export interface Answer {
  readonly status: number
  readonly headers: HttpResponse['headers']
  // biome-ignore lint/suspicious/noExplicitAny: a test says what it expects of it.
  readonly json: any
}

/** The address that signs in once, and where that leads: `http://127.0.0.1:40123`. */
export async function dashboardLink(tree: Tree): Promise<{ readonly base: string; readonly token: string }> {
  // The tree is ready without it.
  await tree.waitForEvent('monitor.ready')
  const { stdout, stderr } = await tree.cli('dashboard', '--json')
  if (stdout === '') throw new Error(`saola dashboard: ${stderr}`)
  const [, base = '', token = ''] = /^(.*)\/#token=(.*)$/.exec(JSON.parse(stdout).url) ?? []
  return { base, token }
}

/** One who has signed in with a link of his own. */
export async function signIn(tree: Tree): Promise<DashboardClient> {
  const { base, token } = await dashboardLink(tree)
  const client = new DashboardClient(base)
  const { status, headers, json } = await client.post('/api/session', { token })
  if (status !== 200) throw new Error(`Signing in was answered by ${status}: ${JSON.stringify(json)}`)
  return new DashboardClient(base, cookieOf(headers))
}

/** `name=value` of the cookie that was set. */
export function cookieOf(headers: HttpResponse['headers']): string {
  return /^[^;]*/.exec(headers.get('set-cookie') ?? '')?.[0] ?? ''
}

export class DashboardClient {
  readonly base: string
  readonly cookie: string | undefined

  constructor(base: string, cookie?: string) {
    this.base = base
    this.cookie = cookie
  }

  get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return this.ask({ path, headers })
  }

  post(path: string, body: unknown = {}, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    const own = { 'Content-Type': 'application/json', ...headers }
    return this.ask({ method: 'POST', path, headers: own, body: JSON.stringify(body) })
  }

  async ask(options: RequestOptions): Promise<Answer> {
    const { status, headers, body } = await request(this.base, { ...options, headers: this.#headers(options.headers) })
    const text = String(body)
    return { status, headers, json: text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : text }
  }

  /** Server-sent events of a path, until the test ends. */
  async events(t: TestContext, path: string): Promise<EventReader> {
    const response = await fetch(this.base + path, { headers: this.cookie ? { cookie: this.cookie } : {} })
    if (!response.ok || !response.body) throw new Error(`${path} was answered by ${response.status}.`)
    const reader = new EventReader(response.body)
    t.after(() => reader.close())
    return reader
  }

  #headers(headers: Readonly<Record<string, string>> = {}): Record<string, string> {
    return { Host: new URL(this.base).host, ...(this.cookie ? { Cookie: this.cookie } : {}), ...headers }
  }
}

export interface ServerEvent {
  readonly event: string
  // biome-ignore lint/suspicious/noExplicitAny: a test says what it expects of it.
  readonly data: any
}

export class EventReader {
  readonly seen: ServerEvent[] = []
  readonly #body: ReadableStreamDefaultReader<Uint8Array>
  readonly #waiting = new Set<() => void>()
  #isClosed = false

  constructor(body: ReadableStream<Uint8Array>) {
    this.#body = body.getReader()
    void this.#read().catch(() => this.#end())
  }

  /** The first event of this name that the function takes, among those that came already, too. */
  waitFor(event: string, take: (data: ServerEvent['data']) => boolean = () => true): Promise<ServerEvent['data']> {
    let next = 0
    return new Promise((resolve, reject) => {
      const finish = (settle: () => void) => {
        clearTimeout(timer)
        this.#waiting.delete(look)
        settle()
      }
      const missing = () => new Error(`No ${event}. Seen: ${JSON.stringify(this.seen).slice(-2_000)}`)
      const look = () => {
        for (; next < this.seen.length; next++) {
          const found = this.seen[next]
          if (found?.event === event && take(found.data)) return finish(() => resolve(found.data))
        }
        if (this.#isClosed) finish(() => reject(missing()))
      }
      const timer = setTimeout(() => finish(() => reject(missing())), 60_000)
      this.#waiting.add(look)
      look()
    })
  }

  close(): void {
    void this.#body.cancel().catch(() => {})
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder()
    let rest = ''
    for (;;) {
      const { done, value } = await this.#body.read()
      if (done) return this.#end()
      const parts = (rest + decoder.decode(value, { stream: true })).split('\n\n')
      rest = parts.pop() ?? ''
      for (const part of parts) this.#take(part)
      for (const look of [...this.#waiting]) look()
    }
  }

  #take(part: string): void {
    const [, event] = /^event: (.*)$/m.exec(part) ?? []
    const [, data] = /^data: (.*)$/m.exec(part) ?? []
    if (event !== undefined && data !== undefined) this.seen.push({ event, data: JSON.parse(data) })
  }

  #end(): void {
    this.#isClosed = true
    for (const look of [...this.#waiting]) look()
  }
}

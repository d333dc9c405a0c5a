import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { freePorts } from './free-ports.ts'
import { waitTimeoutMs } from './http-connection.ts'
import { until } from './until.ts'

/** Where it is said what to do at the end: a test, or node:test itself for all tests of a file. */
export type Ending = Pick<TestContext, 'after'>

export interface RedisOptions {
  /** More of redis-server's own arguments, such as `['--appendonly', 'yes']`. */
  readonly args?: readonly string[]
}

const slots = 16_384

/** A redis-server on a free port of 127.0.0.1, with a folder of its own. It is stopped when the test ends. */
export async function startRedis(t: Ending, { args = [] }: RedisOptions = {}): Promise<RedisServer> {
  const dir = mkdtempSync(join(tmpdir(), 'saola-redis-'))
  const servers: RedisServer[] = []
  t.after(async () => {
    await Promise.all(servers.map(server => server.kill()))
    rmSync(dir, { recursive: true, force: true })
  })
  return startOnFreePorts(1, ([port = 0]) => {
    const server = new RedisServer(dir, port, args)
    servers.push(server)
    return server
  })
}

/** Makes and starts a server, and another one when somebody else has taken a port of it in the meantime: it takes no 0. */
async function startOnFreePorts(count: number, make: (ports: readonly number[]) => RedisServer): Promise<RedisServer> {
  for (;;) {
    const server = make(await freePorts(count))
    try {
      await server.start()
      return server
    } catch (error) {
      if (!server.isPortTaken) throw error
    }
  }
}

/** Three masters that share the slots, on free ports. They are stopped when the test ends. */
export async function startRedisCluster(t: Ending, { args = [] }: RedisOptions = {}): Promise<RedisCluster> {
  const dir = mkdtempSync(join(tmpdir(), 'saola-cluster-'))
  const all: RedisServer[] = []
  t.after(async () => {
    await Promise.all(all.map(node => node.kill()))
    rmSync(dir, { recursive: true, force: true })
  })
  const makeNode = ([port = 0, busPort = 0]: readonly number[]): RedisServer => {
    const own = join(dir, String(all.length))
    mkdirSync(own)
    const cluster = ['--cluster-enabled', 'yes', '--cluster-port', String(busPort), '--cluster-node-timeout', '2000']
    const node = new RedisServer(own, port, [...cluster, ...args], busPort)
    all.push(node)
    return node
  }
  const nodes = await Promise.all([1, 2, 3].map(() => startOnFreePorts(2, makeNode)))
  await joinNodes(nodes)
  return { nodes, url: nodes.map(({ url }) => url).join(',') }
}

export interface RedisCluster {
  readonly nodes: readonly RedisServer[]
  /** The urls of all nodes with commas between. */
  readonly url: string
}

export class RedisServer {
  readonly dir: string
  readonly port: number
  readonly busPort: number
  readonly #args: readonly string[]
  #child: ChildProcess | undefined
  #log = ''

  constructor(dir: string, port: number, args: readonly string[], busPort = 0) {
    this.dir = dir
    this.port = port
    this.busPort = busPort
    this.#args = args
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`
  }

  /** Why it has ended, if it has. */
  get isPortTaken(): boolean {
    return this.#log.includes('Address already in use')
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** Starts it, also again with the same port and folder; resolves when it answers PING. */
  async start(): Promise<void> {
    const own = ['--port', String(this.port), '--bind', '127.0.0.1', '--dir', this.dir, '--save', '']
    // It dies with this process, also when that is killed.
    const command = ['--pdeathsig', 'KILL', 'redis-server', ...own, ...this.#args]
    const child = spawn('setpriv', command, { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#child = child
    let hasEnded = false
    child.once('close', () => {
      hasEnded = true
    })
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', text => {
        this.#log = (this.#log + text).slice(-10_000)
      })
    }
    await until(`redis-server answers on ${this.port}`, async () => {
      if (hasEnded) throw new Error(`redis-server has ended:\n${this.#log}`)
      return (await this.ask('PING').catch(() => '')) === '+PONG'
    })
  }

  /** Ends it by a signal, SIGKILL by default, and waits for its end. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#child
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill(signal)
    await ended
  }

  /** The first line of the answer to a command, on a connection of its own. */
  async ask(...words: readonly string[]): Promise<string> {
    const lines = (await this.askAll(words)).split('\r\n')
    return lines[0] ?? ''
  }

  /** What comes in answer to a command until it is complete enough: a line, or a text with its length before it. */
  async askAll(words: readonly string[]): Promise<string> {
    const socket = connect(this.port, '127.0.0.1')
    socket.setTimeout(waitTimeoutMs, () => socket.destroy(new Error(`redis-server on ${this.port} does not answer`)))
    try {
      await once(socket, 'connect')
      const parts = words.map(word => `$${Buffer.byteLength(word)}\r\n${word}\r\n`)
      socket.write(`*${words.length}\r\n${parts.join('')}`)
      let text = ''
      for await (const part of socket) {
        text += String(part)
        const bulk = /^\$(\d+)\r\n/.exec(text)
        if (bulk ? text.length >= bulk[0].length + Number(bulk[1]) + 2 : text.endsWith('\r\n')) break
      }
      return text
    } finally {
      socket.destroy()
    }
  }
}

async function joinNodes(nodes: readonly RedisServer[]): Promise<void> {
  const first = nodes[0] as RedisServer
  const share = Math.ceil(slots / nodes.length)
  for (const [i, node] of nodes.entries()) {
    await node.ask('CLUSTER', 'ADDSLOTSRANGE', String(i * share), String(Math.min(slots, (i + 1) * share) - 1))
    await node.ask('CLUSTER', 'SET-CONFIG-EPOCH', String(i + 1))
  }
  const complete = ['cluster_state:ok', `cluster_known_nodes:${nodes.length}`]
  const join = async (node: RedisServer) => {
    const info = (await node.askAll(['CLUSTER', 'INFO']).catch(() => '')).split('\r\n')
    // Anew when it has come to nothing: a handshake that a busy machine holds up for the node timeout is given up.
    if (node !== first && info.includes('cluster_known_nodes:1')) {
      await node.ask('CLUSTER', 'MEET', '127.0.0.1', String(first.port), String(first.busPort))
    }
    return complete.every(line => info.includes(line))
  }
  await Promise.all(nodes.map(node => until(`the cluster is complete for ${node.port}`, () => join(node))))
}

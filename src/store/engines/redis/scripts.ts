/**
 * The commands that Redis has not, and those that must know of companions (keys.ts): each is a Lua script, which lies beside
 * this file as `scripts/<command>.lua` and runs as one atomic step.
 *
 * Its first line says what it is. `-- companions: ttl` lets each key in KEYS be followed by these, `all` by all that hold its data; `-- prelude` puts
 * prelude.lua in front, and `-- with: waiting lease` these of scripts/with/. `-- fields: 1 2`
 * says that every second of ARGV from the first on names an entry that may change (`1 0`: the first alone). What is above a
 * line `-- otherwise` runs before all that: the way of most calls, for which the rest would only cost time. KEYS are the keys
 * of the command, ARGV its other arguments in their order.
 */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { KeyPositions } from '../../commands/command.ts'
import { commands } from '../../commands/table.ts'
import type { Argument, Call } from '../engine.ts'
import { bytesOf } from '../local-reader.ts'
import { companionKinds, companionOf, companionOfText } from './keys.ts'

export interface Script {
  readonly name: string
  readonly text: string
  readonly sha1: string
  readonly companions: readonly string[]
}

/** A script with what it is given. */
export interface ScriptCall {
  readonly script: Script
  readonly keys: readonly (string | Buffer)[]
  readonly args: readonly Argument[]
}

const otherwise = '\n-- otherwise\n'
const folder = join(import.meta.dirname, 'scripts')
let scripts: ReadonlyMap<string, Script> | undefined

/** The script of a command; undefined when Redis has the command itself. */
export function scriptOf(name: string): Script | undefined {
  scripts ??= readScripts()
  return scripts.get(name)
}

/** What is sent for a call; undefined when Redis has the command itself. */
export function scriptCallOf([name, ...args]: Call): ScriptCall | undefined {
  const script = scriptOf(name)
  const positions = commands.get(name)?.keys
  return script && withKeys(script, args, positions && 'first' in positions ? positions : undefined)
}

/** A script of one's own, which is no command, on these keys. */
export function scriptCall(name: string, keys: readonly Buffer[], args: readonly Argument[]): ScriptCall {
  const script = scriptOf(name)
  if (!script) throw new Error(`There is no scripts/${name}.lua.`)
  return { script, keys: keys.flatMap(key => withCompanions(script, key)), args }
}

function withKeys(script: Script, args: readonly Argument[], positions: KeyPositions | undefined): ScriptCall {
  if (!positions) return { script, keys: [], args }
  const { first, last, step } = positions
  if (first === 0 && last === 0) {
    return { script, keys: withCompanions(script, args[0] ?? ''), args: args.slice(1) }
  }
  const end = last < 0 ? args.length + last : last
  const isKey = (i: number) => i >= first && i <= end && (i - first) % step === 0
  const keys = args.filter((_, i) => isKey(i)).flatMap(key => withCompanions(script, key))
  return { script, keys, args: args.filter((_, i) => !isKey(i)) }
}

function withCompanions({ companions }: Script, key: Argument): (string | Buffer)[] {
  if (typeof key === 'string') return [key, ...companions.map(kind => companionOfText(kind, key))]
  const bytes = bytesOf(key)
  return [bytes, ...companions.map(kind => companionOf(kind, bytes))]
}

function readScripts(): ReadonlyMap<string, Script> {
  const prelude = readFileSync(join(folder, 'prelude.lua'), 'utf8')
  const names = readdirSync(folder).filter(file => file.endsWith('.lua') && file !== 'prelude.lua')
  return new Map(
    names.map(file => {
      const written = readFileSync(join(folder, file), 'utf8')
      const header = /^(?:--.*\n)*/.exec(written)?.[0] ?? ''
      const [quick, body] = splitQuick(written)
      const parts = /^-- with: (.+)$/m.exec(header)?.[1]?.split(' ') ?? []
      const shared = parts.map(part => readFileSync(join(folder, 'with', `${part}.lua`), 'utf8')).join('')
      const fields = /^-- fields: (\d+) (\d+)$/m.exec(header)
      const main = fields ? tellingFields(body, Number(fields[1]), Number(fields[2])) : body
      const count = /^-- companions: all$/m.test(header) ? `local companions = ${companionKinds.length}\n` : ''
      const text = `${quick}${count}${/^-- prelude$/m.test(header) ? prelude : ''}${shared}${main}`
      const wanted = /^-- companions: (.+)$/m.exec(header)?.[1]?.split(' ') ?? []
      const companions = wanted[0] === 'all' ? companionKinds : wanted
      const name = file.slice(0, -'.lua'.length)
      return [name, { name, text, sha1: createHash('sha1').update(text).digest('hex'), companions }]
    }),
  )
}

function splitQuick(written: string): [quick: string, body: string] {
  const at = written.indexOf(otherwise)
  return at < 0 ? ['', written] : [written.slice(0, at + 1), written.slice(at + otherwise.length)]
}

/** A script that tells those who watch its key which entries have changed. */
function tellingFields(body: string, first: number, step: number): string {
  const telling = readFileSync(join(folder, 'with', 'changes.lua'), 'utf8')
  const last = step === 0 ? first : '#ARGV'
  return `${telling}local function run()\n${body}\nend
local fields = {}
for i = ${first}, ${last}, ${step || 1} do fields[#fields + 1] = ARGV[i] end
return telling(KEYS[1], fields, run)
`
}

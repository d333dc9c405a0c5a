/** The text of a configuration for a project that has none yet, and of an application for one that has none either. */
import type { Entry } from './find-entry.ts'
import type { PlannedFile } from './planned-file.ts'

/** Loads in every project: Node takes off the types, whatever package.json says about modules. */
const configName = 'saola.config.ts'

const helloText = [
  '// A fetch handler; an Express, Fastify, Koa, Hono or Nest application, or a server that listens, will do as well.',
  'export default {',
  '  fetch(request: Request): Response {',
  '    return new Response("Hello from Saola, at " + new URL(request.url).pathname)',
  '  },',
  '}',
  '',
]

/** What is served where nothing was found. */
export const hello: { readonly entry: Entry; readonly file: PlannedFile } = {
  entry: { file: './app.ts', because: 'written as a beginning', node: [], isBuilt: false },
  file: { path: 'app.ts', text: helloText.join('\n').replaceAll('"', "'") },
}

export function planConfig(entry: Entry): PlannedFile {
  return { path: configName, text: entry.source ? twoModes(entry, entry.source) : oneMode(entry) }
}

// PORT is what platforms set, and a surprise to who has only read the file.
const listen = [
  '// Where PORT is set, in the environment or in .env, it is 0.0.0.0 and that port.',
  "listen: '127.0.0.1:8000',",
]

function oneMode({ file, node }: Entry): string {
  const app = [`app: ${quote(file)},`, ...(node.length === 0 ? [] : [`node: ${list(node)},`])]
  return configText({ begin: 'defineConfig({', app, end: '})' })
}

function twoModes({ file, node }: Entry, source: NonNullable<Entry['source']>): string {
  const hasFlags = [source.node, node].some(({ length }) => length > 0)
  const app = [
    '// What "npm run build" makes; "saola dev" runs what that is made of.',
    `app: mode === 'dev' ? ${quote(source.file)} : ${quote(file)},`,
    ...(hasFlags ? [`node: mode === 'dev' ? ${list(source.node)} : ${list(node)},`] : []),
  ]
  return configText({ begin: 'defineConfig(({ mode }) => ({', app, end: '}))' })
}

interface ConfigText {
  readonly begin: string
  /** Lines of the application. */
  readonly app: readonly string[]
  readonly end: string
}

function configText({ begin, app, end }: ConfigText): string {
  const lines = [
    "import { defineConfig } from 'saola'",
    '',
    `export default ${begin}`,
    '  apps: {',
    '    web: {',
    ...[...app, ...listen].map(line => `      ${line}`),
    '    },',
    '  },',
    end,
  ]
  return `${lines.join('\n')}\n`
}

function list(words: readonly string[]): string {
  return `[${words.map(quote).join(', ')}]`
}

function quote(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&').replaceAll('\n', '\\n')}'`
}

/** In docs/edge every configuration is right, every script is one, every link leads somewhere, and no page is hidden. */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { Script } from 'node:vm'
import { checkConfig } from '../src/config/check.ts'
import { deriveOptions } from '../src/config/derive.ts'
import { mergeLayers } from '../src/config/layers.ts'
import { edgeLogEvents } from '../src/edge/log-events.ts'
import { defaultEdge } from '../src/edge/options.ts'
import { root } from './support/tree.ts'

const pages = join(root, 'docs', 'edge')
const names = readdirSync(pages).filter(name => name.endsWith('.md'))

// Of nobody's password: a page shows its form only.
const hash = `$${'A'.repeat(22)}$${'A'.repeat(43)}`

/** With the files that the pages name as applications. */
const folder = mkdtempSync(join(tmpdir(), 'saola-docs-'))
for (const file of ['app.ts', 'server.ts', 'src/server.ts', 'app.mjs']) {
  mkdirSync(dirname(join(folder, file)), { recursive: true })
  writeFileSync(join(folder, file), 'export default () => {}\n')
}
test.after(() => rmSync(folder, { recursive: true }))

for (const name of names) {
  const page = readFileSync(join(pages, name), 'utf8')
  const blocks = [...page.matchAll(/^```(\w*)\n(.*?)^```$/gms)]

  for (const [index, [, language = '', code = '']] of blocks.entries()) {
    test(`${name}, block ${index + 1}`, async () => {
      if (language === 'js') new Script(code)
      else if (language === 'json') checkOf(sectionOf(JSON.parse(code.replaceAll('$…$…', hash))))
      else if (language === 'ts') checkOf(await configOf(code, `${name}-${index}`))
      else assert.match(code, /^((saola|curl) .*\n|\w[\w.]+ .*\n)+$/)
    })
  }

  test(`the links of ${name}`, () => {
    for (const [, path = '', part] of page.matchAll(/\]\(([^)#:]+)(?:#([^)]*))?\)/g)) {
      assert.ok(existsSync(join(pages, path)), `${path} of ${name}`)
      if (part)
        assert.ok(
          readFileSync(join(pages, path), 'utf8')
            .toLowerCase()
            .includes(`\n## ${part.replaceAll('-', ' ')}`),
          `${path}#${part}`,
        )
    }
    for (const [, path = ''] of page.matchAll(/`((?:src|test|docs)\/[\w./-]+\.\w+)`/g)) {
      assert.ok(existsSync(join(root, path)), `${path} of ${name}`)
    }
  })
}

test('the first page leads to all others', () => {
  const first = readFileSync(join(pages, 'README.md'), 'utf8')
  assert.deepEqual(
    names.filter(name => name !== 'README.md' && !first.includes(`](${name})`)),
    [],
  )
})

const paths = deriveOptions().map(({ path }) => `.${path.replaceAll(/\.\*|\[\]/g, '')}`)
const isOption = (name: string) => {
  const plain = name.replaceAll(/\.…|\[\d*\]|\.\*/g, '').replace(/^apps\.web/, 'apps')
  return paths.some(path => path.endsWith(`.${plain}`))
}

test('a setting that a page names with its section is there, and so is an event', () => {
  const sections = Object.keys(defaultEdge()).join('|')
  const key = `(?:edge\\.)?(?:${sections}|apps|tls|accessLog)(?:\\.[\\w…*[\\]]+)+`
  const pattern = new RegExp(`\`(${key}|edge(?:\\.[\\w-]+){2,})(?: [^\`]*)?\``, 'g')
  for (const name of names) {
    for (const [, key = ''] of readFileSync(join(pages, name), 'utf8').matchAll(pattern)) {
      assert.ok(isOption(key) || key in edgeLogEvents, `${key} of ${name}`)
    }
  }
})

test('the table of the directives of nginx names settings that are there', () => {
  const rows = [...readFileSync(join(pages, 'from-nginx.md'), 'utf8').matchAll(/^\| `[^|]*\|([^|]*)\|/gm)]
  assert.ok(rows.length > 60)
  for (const [, cell = ''] of rows) {
    const keys = [...cell.matchAll(/`([a-z][\w.…[\]]*)`/g)].map(([, key = '']) => key)
    for (const key of keys.filter(key => key !== 'nodelay')) assert.ok(isOption(key), key)
  }
})

const sources = readdirSync(join(root, 'src'), { recursive: true }).map(path => `/${path}`)

test('README has the ratios of the benchmarks', () => {
  const measured = readFileSync(join(root, 'docs', 'benchmarks.md'), 'utf8').split('\n')
  const rows = [...readFileSync(join(root, 'README.md'), 'utf8').matchAll(/^\| ([^|`]+?) +\| (\d\.\d\d) +\|$/gm)]
  assert.ok(rows.length >= 6)
  for (const [, name = '', ratio] of rows) {
    const row = measured.find(line => line.startsWith(`| ${name.replace(/^.*: /, '')} `))
    // What each of the two serves in a second, and what the one is of the other.
    assert.equal(row?.split('|')[4]?.trim(), ratio, name)
  }
})

test('README and ARCHITECTURE name only what is there', () => {
  for (const name of ['README.md', 'ARCHITECTURE.md']) {
    const page = readFileSync(join(root, name), 'utf8')
    for (const [, path = ''] of page.matchAll(/\]\((?!http)([^)#*]+)/g)) assert.ok(existsSync(join(root, path)), path)
    for (const [, path = ''] of page.matchAll(/`((?:[\w-]+\/)+[\w-]+\.ts)`/g)) {
      assert.ok(existsSync(join(root, path)) || sources.some(each => each.endsWith(`/${path}`)), `${path} of ${name}`)
    }
  }
})

async function configOf(code: string, name: string): Promise<Record<string, unknown>> {
  const own = code.replace("import { defineConfig } from 'saola'", 'const defineConfig = (config: object) => config')
  const file = join(folder, `${name}.mjs`)
  writeFileSync(file, stripTypeScriptTypes(own))
  return (await import(pathToFileURL(file).href)).default
}

/** Some show a whole configuration, others their section of `edge`. */
function sectionOf(value: Record<string, unknown>): Record<string, unknown> {
  return value.apps ? value : { apps: { web: { app: './app.ts', edge: value } } }
}

function checkOf(value: Record<string, unknown>): void {
  const layers = mergeLayers({ cwd: folder, flags: {}, env: {}, mode: 'start' }, { name: 'saola.config.ts', value })
  assert.deepEqual(checkConfig(layers, { dir: folder, env: {} }).problems, [])
}

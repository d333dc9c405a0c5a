import assert from 'node:assert/strict'
import { test } from 'node:test'
import { spawnTree, type Tree } from './support/tree.ts'

interface Bad {
  /** Default app.mjs. */
  readonly file?: string
  readonly text: string
  /** The reason, as the log has it. */
  readonly says: RegExp
  /** A line that shows the place of the fault. */
  readonly shows?: RegExp
}

const expected = 'expected a fetch handler, .*, a server, or \\{ connection\\(socket\\) \\}'
const noTypes = /TypeScript enum is not supported.* Node only takes types off: compile it, or set node:/

const bad: Record<string, Bad> = {
  'exports a number': { text: 'export default 42', says: new RegExp(`${expected}, got number\\.`) },
  'exports an object that answers nothing': {
    text: 'export default { fetch: 1, hello() {} }',
    says: new RegExp(`${expected}, got an object with fetch, hello\\.`),
  },
  'exports a promise that is rejected': {
    text: `export default Promise.reject(new Error('no database'))`,
    says: /^no database$/,
    shows: /app\.mjs:1:/,
  },
  'exports no default': {
    text: 'export const app = () => {}\nexport const port = 3000',
    says: /serves nothing: it exports app, port but no default, .* Export the application as default, or call listen\(\)/,
  },
  'exports nothing and listens nowhere': { text: '1 + 1', says: /serves nothing: it exports nothing/ },
  'exports nothing and listens nowhere, as CommonJS': {
    file: 'app.cjs',
    text: `'use strict'`,
    says: /serves nothing: it exports nothing/,
  },
  'awaits what never comes': { text: 'await new Promise(() => {})', says: /never finishes loading/ },
  'throws while it is loaded': { text: `\nthrow new Error('broken')`, says: /^broken$/, shows: /app\.mjs:2:/ },
  'throws a moment later': {
    text: `setTimeout(() => { throw new Error('broken') })\nsetInterval(() => {}, 1_000)`,
    says: /could not boot: broken/,
    shows: /app\.mjs:1/,
  },
  'has a syntax error': { text: 'const x = 1\nconst y = ;', says: /^Unexpected token ';'$/, shows: /app\.mjs:2/ },
  'has a syntax error, as CommonJS': {
    file: 'app.cjs',
    text: 'const x = 1\nconst y = ;',
    says: /^Unexpected token ';'$/,
    shows: /app\.cjs:2/,
  },
  'has a syntax error, as TypeScript': {
    file: 'app.ts',
    text: 'const x: number = 1\nconst y: = 2\nexport default x',
    says: /^Unexpected token `=`/,
    shows: /app\.ts:2/,
  },
  'has to be compiled': {
    file: 'app.ts',
    text: 'enum A { B }\nexport default () => A.B',
    says: noTypes,
    shows: /app\.ts:1/,
  },
  'imports what does not exist': { text: `import './missing.mjs'`, says: /Cannot find module .*missing\.mjs/ },
  'forks workers of its own': {
    text: `import cluster, { fork } from 'node:cluster'\nif (cluster.isPrimary) fork()`,
    says: /calls cluster\.fork\(\), and Saola runs it in several processes already/,
  },
  'listens on a port that cannot be': {
    text: `import http from 'node:http'\nhttp.createServer().listen(99_999)`,
    says: /should be >= 0 and < 65536/,
    shows: /app\.mjs:2:/,
  },
}

for (const [what, { file = 'app.mjs', text, says, shows }] of Object.entries(bad)) {
  test(`a start with an application that ${what} ends, and says so`, async t => {
    const tree = spawnTree(t, { files: { [file]: text }, app: `./${file}`, args: ['-w', '4'] })
    assert.deepEqual(await tree.exit, { code: 1, signal: null })
    const reasons = [...tree.events('worker.boot-failed'), ...tree.events('worker.exited')]
    assert.ok(
      reasons.some(({ error, reason }) => says.test(String(error ?? reason))),
      tree.lines.join('\n'),
    )
    if (shows) await tree.waitForLine(shows)
    assertTriedOnce(tree)
  })
}

test('a start with a file that does not exist ends, and says which', async t => {
  const tree = spawnTree(t, { app: './missing.ts' })
  assert.deepEqual(await tree.exit, { code: 1, signal: null })
  await tree.waitForLine(/missing\.ts does not exist/)
})

/** The fault is in the application: it is told once, and not once for each worker. */
function assertTriedOnce(tree: Tree): void {
  assert.equal(tree.events('worker.exited').length, 1)
  assert.equal(tree.events('tree.ready').length, 0)
}

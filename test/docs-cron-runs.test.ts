/** The examples of docs/cron.md: the configurations are right, and each entry of them can be run. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { cronLogEvents } from '../src/programs/cron/log-events.ts'
import { cronOptions } from '../src/programs/cron/options.ts'
import { isRoot } from './support/nobody.ts'
import { startTree } from './support/tree.ts'

const page = readFileSync(join(import.meta.dirname, '..', 'docs', 'cron.md'), 'utf8')
/** Each begins with the name of its file. */
const examples = Object.fromEntries(
  [...page.matchAll(/^```ts\n\/\/ (\S+)\n(.*?)^```$/gms)].map(([, file = '', code = '']) => [file, code]),
)

/** What the page leaves to the reader. */
const rest = {
  'server.ts': 'export default { fetch: () => new Response("hello") }',
  'tasks/digest.mjs': `
import { defineTask } from 'saola/tasks'
export const send = defineTask({ id: 'digest.send', run: ({ to }) => console.log('sent to ' + to) })`,
  'reports/report.js': 'console.log(process.argv.slice(2).join(" "), process.env.GREETING)',
}

test('every option of the page exists, and every option is on the page', () => {
  const told = new Set([...page.matchAll(/^\| `(\w+)`(?:, `(\w+)`)? +\| /gm)].flatMap(row => row.slice(1)))
  for (const option of Object.keys(cronOptions.shape)) {
    assert.ok(told.has(option), `${option} is not in the table`)
    assert.match(examples['every-option.config.ts'] ?? '', new RegExp(`\\b${option}:`))
  }
  for (const [event] of page.matchAll(/(?<=`)cron\.[a-z-]+(?=`)/g)) assert.ok(event in cronLogEvents, event)
})

test('its examples run in a tree', async t => {
  const { 'saola.config.ts': config = '', ...files } = examples
  const withTasks = config
    .replace("name: 'shop',", "name: 'shop', tasks: {},")
    .replace("'./server.ts'", "'./server.ts', listen: 'unix:./web.sock', workers: 1")
  const added = withTasks.replace(
    '  cron: {',
    "  cron: {\n    digest: { schedule: '@daily', module: './jobs/digest.ts' },",
  )
  const bin = mkdtempSync(join(tmpdir(), 'saola-bin-'))
  t.after(() => rmSync(bin, { recursive: true }))
  writeFileSync(join(bin, 'pg_dump'), '#!/bin/sh\necho "dumps $*"\n', { mode: 0o755 })
  const env = { PATH: `${bin}:${process.env.PATH}`, REPORT_TO: 'ann@example.org' }
  const tree = await startTree(t, { files: { ...files, ...rest }, config: added, env })
  assert.equal((await tree.cli('run', 'backup')).stdout, 'dumps --file backups/shop.sql shop\n')
  assert.equal((await tree.cli('run', 'cleanup')).code, 0)
  assert.equal((await tree.cli('run', 'digest', '--', 'ann')).code, 0)
  await tree.waitForLine(/sent to ann/)
  assert.equal((await tree.cli('check', '-c', 'every-option.config.ts')).code, 0)
  // Of this one no tree runs.
  const report = await tree.cli('run', 'report', '-c', 'every-option.config.ts')
  assert.match(report.stdout, /^--to ann@example\.org --name report from report\n$/)
  assert.equal((await tree.cli('run', 'disk', '-c', 'every-option.config.ts')).code, 0)
  if (!isRoot) assert.equal((await tree.cli('run', 'sweep', '-c', 'every-option.config.ts')).code, 0)
})

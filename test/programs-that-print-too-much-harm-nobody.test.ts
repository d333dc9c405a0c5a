/** A program that prints without pause loses lines of its own. Nobody else does, and the supervisor answers. */
import assert from 'node:assert/strict'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { startTree, type Tree } from './support/tree.ts'
import { until } from './support/until.ts'

const neighbour = `
import { existsSync, writeFileSync } from 'node:fs'
let number = 0
const print = () => {
  if (number === 0 && !existsSync('go')) return
  console.log('neighbour ' + ++number)
  if (number < 500) return
  clearInterval(timer)
  setInterval(() => {}, 1_000)
  writeFileSync('done', '')
}
const timer = setInterval(print, 1)
`
const config = {
  programs: {
    flood: { command: ['yes', 'flood'], startSeconds: 0 },
    neighbour: { command: [process.execPath, 'neighbour.mjs'], startSeconds: 0 },
  },
}

test('a flood to a stdout that nobody reads is cut short, and its neighbour and the log lose no line', async t => {
  const tree = await startTree(t, { files: { 'neighbour.mjs': neighbour }, config })
  tree.stdout.pause()
  await until('lines of the flood are dropped', async () => (await droppedOf(tree, 'flood')) > 0)
  writeFileSync(join(tree.dir, 'go'), '')
  await until('the neighbour has printed', () => existsSync(join(tree.dir, 'done')))
  await tree.control('stop', { target: 'flood' })
  tree.stdout.resume()
  await tree.waitForEvent('program.stopped', { name: 'flood:0' })
  await tree.waitForLine(/neighbour 500"/)
  const numbers = tree.lines.flatMap(line => /"neighbour (\d+)"/.exec(line)?.[1] ?? [])
  assert.deepEqual(
    numbers.map(Number),
    Array.from({ length: 500 }, (_, index) => index + 1),
  )
  assert.equal(await droppedOf(tree, 'neighbour'), 0)
  await tree.waitForEvent('log.dropped')
  const told = tree.events('log.dropped')
  assert.ok(told.every(({ source, lines }) => source === 'flood:0' && Number(lines) > 0))
})

async function droppedOf(tree: Tree, program: string): Promise<number> {
  const found = (await tree.status()).children.find(({ app }) => app === program)
  return found?.logDropped ?? 0
}

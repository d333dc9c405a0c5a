import assert from 'node:assert/strict'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { startTree } from './support/tree.ts'
import { until } from './support/until.ts'

const lines = 2_000
const maxBytes = 10_000
const backups = 20

/** Each line says who has written it, and which it is. */
const script = `i=0; while [ $i -lt ${lines} ]; do echo "$SAOLA_PROGRAM_INSTANCE $i"; i=$((i + 1)); done; echo failed >&2; exec sleep 600`

test('each process of a program has files of its own, rotated by size, with every line in order', async t => {
  const tree = await startTree(t, {
    config: {
      programs: {
        talks: {
          command: ['sh', '-c', script],
          instances: 2,
          startSeconds: 0,
          stdout: { file: './talks-{instance}.log', maxBytes, backups },
          stderr: { file: './talks-{instance}.err' },
        },
      },
    },
  })
  for (const instance of [0, 1]) {
    const file = join(tree.dir, `talks-${instance}.log`)
    const files = [file, ...Array.from({ length: backups }, (_, i) => `${file}.${i + 1}`)]
    const written = () =>
      files
        .filter(existsSync)
        .reverse()
        .map(each => readFileSync(each, 'utf8'))
        .join('')
    await until('all is written', () => written().endsWith(`${instance} ${lines - 1}\n`))
    assert.equal(written(), Array.from({ length: lines }, (_, i) => `${instance} ${i}\n`).join(''))
    assert.ok(files.filter(existsSync).length > 1)
    for (const each of files.filter(existsSync)) assert.ok(statSync(each).size <= maxBytes + 100)
    await until('stderr is written', () => existsSync(join(tree.dir, `talks-${instance}.err`)))
    await until('stderr is written', () => readFileSync(join(tree.dir, `talks-${instance}.err`), 'utf8') === 'failed\n')
  }
  // What goes to files does not go to the output of the tree, too.
  assert.deepEqual(
    tree.lines.filter(line => line.includes('"source"')),
    [],
  )
})

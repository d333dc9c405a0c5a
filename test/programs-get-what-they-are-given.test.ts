import assert from 'node:assert/strict'
import { readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { nobody, testAsRoot } from './support/nobody.ts'
import { startTree, type Tree } from './support/tree.ts'
import { until } from './support/until.ts'

/** It is up at once, and ends. */
const once = { startSeconds: '0', restart: 'never' }

test('stdin is empty, a text or a file', async t => {
  const long = 'a line of a long text\n'.repeat(20_000)
  const tree = await startTree(t, {
    files: { 'input.txt': 'from a file\n', 'input-0.txt': '', 'input-1.txt': 'of the second\n' },
    config: {
      programs: {
        closed: { ...once, command: 'cat' },
        text: { ...once, command: ['sh', '-c', 'cat; echo end'], stdin: { text: 'one\ntwo' } },
        // More than a pipe holds, read by somebody who is slow at first, and by somebody who has had enough.
        long: { ...once, command: ['sh', '-c', 'sleep 0.2; wc -c'], stdin: { text: long } },
        unread: { ...once, command: ['sh', '-c', 'head -c 5'], stdin: { text: long } },
        file: { ...once, command: 'cat', stdin: { file: './input.txt' } },
        each: { ...once, command: 'cat', stdin: { file: './input-{instance}.txt' }, instances: 2, autostart: false },
      },
    },
  })
  await ended(tree, 'closed', 'text', 'long', 'unread', 'file')
  await hasPrinted(tree, ['one', 'twoend'], 'text:0')
  await hasPrinted(tree, [String(long.length)], 'long:0')
  await hasPrinted(tree, ['a lin'], 'unread:0')
  await hasPrinted(tree, ['from a file'], 'file:0')
  await tree.control('restart', { target: 'each:1' })
  await tree.waitForEvent('program.exited', { name: 'each:1' })
  await hasPrinted(tree, ['of the second'], 'each:1')
  // By now it would be there.
  await hasPrinted(tree, [], 'closed:0')
  // A file that is gone by then fails the start, and says why.
  rmSync(join(tree.dir, 'input-0.txt'))
  const { stderr } = await tree.cli('restart', 'each:0')
  assert.match(stderr, /input-0\.txt/)
})

test('stderr goes where stdout goes, in the order in which it is written', async t => {
  const script = 'i=0; while [ $i -lt 200 ]; do echo out $i; echo err $i >&2; i=$((i + 1)); done'
  const tree = await startTree(t, {
    config: {
      programs: {
        merged: { ...once, command: ['sh', '-c', script], stderr: 'stdout' },
        file: { ...once, command: ['sh', '-c', script], stderr: 'stdout', stdout: { file: './merged.log' } },
        apart: { ...once, command: ['sh', '-c', 'echo out; echo err >&2'] },
      },
    },
  })
  await ended(tree, 'merged', 'file', 'apart')
  const lines = Array.from({ length: 200 }, (_, i) => [`out ${i}`, `err ${i}`]).flat()
  await hasPrinted(tree, lines, 'merged:0')
  const file = join(tree.dir, 'merged.log')
  const text = `${lines.join('\n')}\n`
  await until('the file has it all', () => (statSync(file, { throwIfNoEntry: false })?.size ?? 0) >= text.length)
  assert.equal(readFileSync(file, 'utf8'), text)
  await hasPrinted(tree, ['out'], 'apart:0', 'stdout')
  await hasPrinted(tree, ['err'], 'apart:0', 'stderr')
})

test('words, templates, folder, environment and umask are those of its section', async t => {
  const tree = await startTree(t, {
    env: { REGION: 'south', SHARED: 'of the tree' },
    files: { 'work-0/other': '', 'work-1/here': '' },
    config: {
      umask: '022',
      programs: {
        words: { ...once, command: `printf '%s|' "a  b" c\\ d '*' '$HOME' "" {name}-{instance} '{"json": 1}'` },
        list: { ...once, command: ['printf', '%s|', 'a  b', '$HOME', '{env.REGION}', '; exit 3'] },
        shell: { ...once, shell: true, command: 'echo $((1 + 1)) | sed "s/^/{name} says /" && exit 0' },
        folder: { ...once, command: ['sh', '-c', 'ls; pwd'], cwd: './work-{instance}', instances: 2, autostart: false },
        variables: {
          ...once,
          command: ['sh', '-c', 'echo "$SHARED|$OWN|$SAOLA_PROGRAM|$SAOLA_PROGRAM_INSTANCE|$LISTEN_FDS"'],
          env: { OWN: '{env.REGION}-{name}-{instance}' },
        },
        open: { ...once, command: ['sh', '-c', 'umask; touch open'], umask: '000' },
        usual: { ...once, command: ['sh', '-c', 'umask; touch usual'] },
        merged: { ...once, command: ['sh', '-c', 'umask; umask >&2'], umask: '027', stderr: 'stdout' },
      },
    },
  })
  await ended(tree, 'words', 'list', 'shell', 'variables', 'open', 'usual', 'merged')
  await hasPrinted(tree, ['a  b|c d|*|$HOME||words-0|{"json": 1}|'], 'words:0')
  await hasPrinted(tree, ['a  b|$HOME|south|; exit 3|'], 'list:0')
  await hasPrinted(tree, ['shell says 2'], 'shell:0')
  await hasPrinted(tree, ['of the tree|south-variables-0|variables|0|'], 'variables:0')
  await hasPrinted(tree, ['0000'], 'open:0')
  assert.equal(statSync(join(tree.dir, 'open')).mode & 0o777, 0o666)
  await hasPrinted(tree, ['0022'], 'usual:0')
  await hasPrinted(tree, ['0027', '0027'], 'merged:0')
  await tree.control('restart', { target: 'folder:1' })
  await tree.waitForEvent('program.exited', { name: 'folder:1' })
  await hasPrinted(tree, ['here', join(tree.dir, 'work-1')], 'folder:1')
})

testAsRoot('a program may be another user, with its groups and its home', async t => {
  const whoami = 'id -u; id -g; id -G; echo $HOME $USER; umask; touch theirs/file'
  const tree = await startTree(t, {
    owner: nobody,
    files: { 'theirs/.keep': '' },
    config: {
      programs: {
        user: { ...once, command: ['sh', '-c', whoami], user: 'nobody', umask: '077' },
        number: { ...once, command: ['sh', '-c', 'id -u; id -g'], user: String(nobody), group: 'daemon' },
        group: { ...once, command: ['sh', '-c', 'id -u; id -g'], group: 'nogroup' },
      },
    },
  })
  await ended(tree, 'user', 'number', 'group')
  await hasPrinted(tree, ['65534', '65534', '65534', '/nonexistent nobody', '0077'], 'user:0')
  const { uid, mode } = statSync(join(tree.dir, 'theirs', 'file'))
  assert.deepEqual([uid, mode & 0o777], [nobody, 0o600])
  await hasPrinted(tree, ['65534', '1'], 'number:0')
  await hasPrinted(tree, ['0', '65534'], 'group:0')
})

async function ended(tree: Tree, ...names: readonly string[]): Promise<void> {
  await Promise.all(names.map(name => tree.waitForEvent('program.exited', { name: `${name}:0` })))
}

function printed(tree: Tree, source: string, stream?: string): string[] {
  return tree.lines.flatMap(line => {
    const event = JSON.parse(line) as { source?: string; stream?: string; message?: string }
    const isWanted = event.source === source && (stream === undefined || event.stream === stream)
    return isWanted ? [event.message ?? ''] : []
  })
}

/** What it prints last comes by a way of its own, and may be here behind its end. */
async function hasPrinted(tree: Tree, lines: readonly string[], source: string, stream?: string): Promise<void> {
  const isComplete = () => printed(tree, source, stream).length >= lines.length
  await until(`${source} has printed ${lines.length} lines`, isComplete).catch(() => {})
  assert.deepEqual(printed(tree, source, stream), lines)
}

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StoreError } from '../src/store.ts'
import { runSaola } from './support/saola-command.ts'
import { storeFolder } from './support/store-script.ts'

/** One for each byte, and what is special to somebody: patterns, protocols, terminals, sorting. */
const keys = [
  ...Array.from({ length: 256 }, (_, byte) => `<${String.fromCharCode(byte)}>`),
  ...Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte)),
  Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte)).join(''),
  ...['\r\n', '$3\r\nfoo\r\n', '-', '=', '=a', '*', '[a-z]', '\\', '{a}', '__proto__', 'constructor', ' ', '-1'],
  ...[
    'é',
    'e\u0301',
    'ß',
    '日本',
    '😀',
    '\u{10ffff}',
    '\u{10ffff}z',
    '\uffff',
    '\ufeff',
    '\u202e',
    'ÿ',
    '\u0000\u0000',
  ],
]
const inOrder = [...new Set(keys)].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))

test('a key of a map, and its name, may have every character; prefixes find what begins with them', async t => {
  const folder = storeFolder(t)
  await using store = folder.open()
  const map = store.map<string>('keys')
  await map.setMany(inOrder.map(key => [key, key]))
  for (const key of inOrder) {
    assert.equal(map.peek(key), key)
    await store.map(key === 'keys' ? 'other' : key).set(key, key)
  }
  assert.deepEqual(await Array.fromAsync(map.keys()), inOrder)
  for (const prefix of inOrder) {
    const wanted = inOrder.filter(key => key.startsWith(prefix))
    assert.deepEqual(await Array.fromAsync(map.keys({ prefix })), wanted, JSON.stringify(prefix))
  }
  // As another process sees them.
  const theirs = JSON.parse(
    await folder.run(`
      const names = await Array.fromAsync(store.keys())
      const map = store.map('keys')
      const wrong = names.filter(name => name !== 'keys' && store.map(name).peek(name) !== name)
      for await (const key of map.keys()) if (await map.take(key) !== key) wrong.push(key)
      print(JSON.stringify({ names, wrong, left: await map.size() }))`),
  ) as { names: string[]; wrong: string[]; left: number }
  assert.deepEqual(theirs.wrong, [])
  assert.deepEqual(
    theirs.names.filter(name => name !== 'keys'),
    inOrder,
  )
  assert.equal(theirs.left, 0)
})

test('commands hold keys of any bytes, also those that are no text', async t => {
  const folder = storeFolder(t)
  await using store = folder.open()
  const names = Array.from({ length: 256 }, (_, byte) => Buffer.from([0xff, byte, 0]))
  const fields = names.flatMap(name => [name, name])
  await store.command('hset', 'map', ...fields)
  for (const name of names) {
    const isSet = store.command('set', name, name)
    // Before it is answered: what this process has written is seen, under its very bytes.
    assert.deepEqual(await store.command('get', name), name)
    await isSet
    assert.deepEqual(await store.command('hget', 'map', name), name)
    assert.deepEqual(await store.command('get', new Uint8Array(name)), name)
  }
  assert.deepEqual(await store.command('saola.map.page', 'map', '-', Buffer.from([0xff, 0xff]), 10), [
    Buffer.from([0xff, 0xff, 0]),
    Buffer.from([0xff, 0xff, 0]),
  ])
  const isWriting = store.command('set', new Uint8Array([0x61]), 'new')
  assert.deepEqual(await store.command('get', 'a'), Buffer.from('new'))
  await isWriting
  // Names that are no text do not keep others from being listed.
  await store.map('plain').set('a', 1)
  assert.equal((await Array.fromAsync(store.keys())).length, 256 + 3)
})

test('what is no text is refused as a key', async t => {
  const folder = storeFolder(t)
  await using store = folder.open()
  const map = store.map<number>('map')
  const isInvalid = (error: unknown) => error instanceof StoreError && error.code === 'STORE_KEY_INVALID'
  for (const key of ['', '\ud83d', 'a\ude00', '\ude00\ud83d', 'x'.repeat(64 * 1024 + 1)]) {
    await assert.rejects(map.set(key, 1), isInvalid)
    await assert.rejects(map.get(key), isInvalid)
    assert.throws(() => map.peek(key), isInvalid)
    assert.throws(() => store.map(key), isInvalid)
    assert.throws(() => store.topic(key), isInvalid)
  }
  await map.set('é'.repeat(32 * 1024), 1)
})

test('saola store shows and takes every key that an argument can hold', async t => {
  const folder = storeFolder(t)
  // No argument of a process can hold the character 0.
  const special = Array.from({ length: 255 }, (_, i) => String.fromCharCode(i + 1)).join('')
  const names = [special, '😀\u202e\u{10ffff}', '\u0000 \u0000']
  await using store = folder.open()
  for (const name of names) await store.command('set', name, name)
  const cli = (...args: string[]) => {
    const { code, stdout, stderr } = runSaola(folder.dir, ['store', ...args, '--dir', folder.dir])
    assert.equal(code, 0, stderr)
    return stdout
  }
  const listed = cli('keys', '--json').trimEnd().split('\n')
  assert.deepEqual(new Set(listed.map(line => JSON.parse(line))), new Set(names))
  // Nothing of it moves the cursor of a terminal.
  assert.doesNotMatch(cli('keys').replaceAll('\n', ''), /\p{Cc}|\p{Cf}/u)
  assert.equal(JSON.parse(cli('get', special, '--json')), special)
  assert.equal(cli('set', special, 'another'), 'OK\n')
  assert.deepEqual(await store.command('get', special), Buffer.from('another'))
  assert.equal(cli('delete', special, '😀\u202e\u{10ffff}'), '2\n')
  assert.deepEqual(await Array.fromAsync(store.keys()), ['\u0000 \u0000'])
})

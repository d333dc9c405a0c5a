import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { openStore } from '../src/store.ts'
import { waitTimeoutMs } from './support/http-connection.ts'
import { storeFolder } from './support/store-script.ts'
import { root } from './support/tree.ts'
import { markName } from './support/tree-processes.ts'

const invalid = { name: 'StoreError', code: 'STORE_ARGUMENT_INVALID' }

test('options of openStore that are none are refused at once, by their name', t => {
  const folder = storeFolder(t)
  const wrong: (readonly [options: unknown, says: RegExp])[] = [
    [undefined, /^What openStore takes is an object, not undefined\.$/],
    [null, /^What openStore takes is an object, not null\.$/],
    [folder.dir, /^What openStore takes is an object/],
    [{}, /dir, the folder of the store, or url/],
    [{ dir: folder.dir, url: 'saola://localhost' }, /dir or url, not both/],
    ...['', 5, null, 'a\0b'].map(dir => [{ dir }, /^dir is the path of a folder, not /] as const),
    ...['', 5, null].map(url => [{ url }, /^url is the address of a store, not /] as const),
    ...[0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, '5s', null].map(
      timeoutMs => [{ dir: folder.dir, timeoutMs }, /^timeoutMs is a number of milliseconds from 1 /] as const,
    ),
    [{ dir: folder.dir, durability: 'nope' }, /^durability is .*, not "nope"\.$/],
    [{ dir: folder.dir, durability: 'everysek' }, /did you mean "everysec"\?$/],
    [{ dir: folder.dir, durability: null }, /^durability is .*, not null\.$/],
    [{ url: 'redis://localhost', maxValueBytes: -1 }, /^maxValueBytes is /],
    [{ url: 'saola://localhost', password: 5 }, /^password is a text\.$/],
    [{ url: 'saolas://localhost', ca: {} }, /^ca is PEM, /],
    [{ url: 'saolas://localhost', ca: '/etc/ca.pem' }, /^ca is PEM, .* in the address, \?ca=FILE\.$/],
    [{ dir: folder.dir, timeoutMS: 5 }, /^openStore has no option "timeoutMS", did you mean timeoutMs\?$/],
    [{ url: 'saola://localhost', pasword: 'x' }, /"pasword", did you mean password\?$/],
    [{ dir: folder.dir, retries: 5 }, /^openStore has no option "retries": it takes dir, url, /],
  ]
  for (const [options, message] of wrong) {
    assert.throws(() => openStore(options as never), { ...invalid, message }, JSON.stringify(options))
  }
})

test('a folder that cannot be made is refused at once, also where Node would try for ever', {
  timeout: 2 * waitTimeoutMs,
}, t => {
  const folder = storeFolder(t)
  const file = join(folder.dir, 'file')
  writeFileSync(file, '')
  const dirs = ['/proc/x', '/proc/x/y', '/proc/self/x', file, join(file, 'below')]
  // In a process of its own: it would never come back.
  const script = `
    import { openStore } from ${JSON.stringify(join(root, 'src/store.ts'))}
    for (const dir of ${JSON.stringify(dirs)}) {
      try { openStore({ dir }) } catch ({ code, message }) { console.log(code, message) }
    }`
  const { stdout, signal } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    ...{ encoding: 'utf8', timeout: waitTimeoutMs, killSignal: 'SIGKILL' },
  })
  assert.equal(signal, null, stdout)
  const said = stdout.trimEnd().split('\n')
  assert.equal(said.length, dirs.length, stdout)
  for (const line of said) assert.match(line, /^STORE_DIRECTORY_UNUSABLE The folder .* cannot hold a store: /)
})

test('a folder that this user may not enter, and the store of another user, are refused at once', async t => {
  if (process.getuid?.() !== 0) return t.skip('Only root can be another user.')
  const folder = storeFolder(t)
  await using store = folder.open()
  await store.counter('n').increment()
  const empty = temporary(t)
  const closed: (readonly [dir: string, mode: number])[] = [
    [folder.dir, 0o700],
    [folder.dir, 0o777],
    [empty, 0o700],
    // It may be entered, but no store can be made there.
    [empty, 0o755],
  ]
  // It tries each folder that it is told.
  const script = `
    import { createInterface } from 'node:readline'
    import { openStore } from ${JSON.stringify(join(root, 'src/store.ts'))}
    process.setgid(65534)
    process.setuid(65534)
    for await (const dir of createInterface(process.stdin)) {
      const began = performance.now()
      try {
        await openStore({ dir }).counter('n').increment()
        console.log('served')
      } catch ({ code, message }) {
        console.log(code, message, performance.now() - began < 5_000 ? 'at once' : 'late')
      }
    }
    process.exit()`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['pipe', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  const ended = once(child, 'close')
  const said = createInterface(child.stdout)[Symbol.asyncIterator]()
  for (const [dir, mode] of closed) {
    chmodSync(dir, mode)
    child.stdin.write(`${dir}\n`)
    const { value } = await said.next()
    assert.match(String(value), /^STORE_DIRECTORY_UNUSABLE .*EACCES.* at once$/, `${dir} ${mode.toString(8)}`)
  }
  child.stdin.end()
  await ended
})

test('a backup never goes among the files of a store, nor where there is no folder', async t => {
  const folder = storeFolder(t)
  const other = storeFolder(t)
  const outside = temporary(t)
  symlinkSync(folder.dir, join(outside, 'link'))
  mkdirSync(join(folder.dir, 'below'))
  await using store = folder.open()
  await using elsewhere = other.open()
  await elsewhere.counter('n').set(1)
  await store.counter('n').set(7)
  const note = readFileSync(join(folder.dir, 'owner.json'), 'utf8')
  const refused = [
    ...['store.db', 'owner.json', 'new.db', 'below/new.db', 'snapshots/1.db'].map(name => join(folder.dir, name)),
    ...[join(outside, 'link', 'store.db'), join(outside, 'link', 'below', '..', 'new.db')],
    ...[join(other.dir, 'store.db'), outside, join(outside, 'absent', 'new.db'), 'relative.db'],
  ]
  for (const file of refused) await assert.rejects(store.command('saola.backup', file), invalid, file)
  assert.equal(existsSync(join(outside, 'absent')), false)
  assert.equal(existsSync(join(folder.dir, 'new.db')), false)
  assert.equal(readFileSync(join(folder.dir, 'owner.json'), 'utf8'), note)
  assert.deepEqual([await store.counter('n').increment(), await elsewhere.counter('n').increment()], [8, 2])
  await store.command('saola.backup', join(outside, 'new.db'))
  assert.equal(existsSync(join(outside, 'new.db.sha256')), true)
})

test('a restore brings no lock back that was held when the backup was taken', async t => {
  const folder = storeFolder(t)
  const file = join(temporary(t), 'monday.db')
  await using store = folder.open()
  const held = await store.lock('report').acquire({ ttl: '1h' })
  await store.map('lock:like').set('holder', 'a', { ttl: '1h' })
  await store.map('lock:like').set('token', 1)
  await store.counter('n').set(7)
  await store.command('saola.backup', file)
  await held.release()
  await store.command('saola.restore', file)
  assert.equal(await store.counter('n').get(), 7)
  assert.equal(await store.map('lock:like').get('token'), 1)
  const next = await store.lock('report').tryAcquire()
  assert.ok(next && next.token > held.token)
  await next.release()
})

test('the command line says what an operator did wrong in one line', async t => {
  const folder = storeFolder(t)
  const outside = temporary(t)
  const saola = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'src/bin.ts'), 'store', ...args], {
      ...{ cwd: outside, encoding: 'utf8', timeout: waitTimeoutMs },
      env: { ...process.env, [markName]: folder.mark, NODE_TEST_CONTEXT: undefined },
    })
    return { status, stdout, stderr }
  }
  const dir = ['--dir', folder.dir]
  await using store = folder.open()
  await store.command('set', 'n', '5')
  const wrong: readonly [args: string[], says: RegExp][] = [
    [['backup', '/tmp', ...dir], /STORE_ARGUMENT_INVALID\]$/],
    [['restore', 'nofile', ...dir], /STORE_SNAPSHOT_INVALID\]$/],
    [['restore', '/etc/passwd', ...dir], /STORE_SNAPSHOT_INVALID\]$/],
    [['get', 'n', 'field', ...dir], /n has no fields, it is a string: .*ERR_USAGE\]$/],
    [['info', '--dir', '/etc/passwd'], /is a file.*STORE_DIRECTORY_UNUSABLE\]$/],
    [['set', '', 'x', ...dir], /STORE_KEY_INVALID\]$/],
    [['get', 'n'], /No tree runs here, and there is no configuration\. .*--dir\. {3}\[ERR_STORE_NOT_FOUND\]$/],
  ]
  for (const [args, says] of wrong) {
    const { status, stdout, stderr } = saola(...args)
    assert.notEqual(status, 0, args.join(' '))
    assert.equal(stdout, '')
    assert.match(stderr.trimEnd(), /^saola: [^\n]+$/)
    assert.match(stderr.trimEnd(), says)
  }
  assert.deepEqual(JSON.parse(saola('check', '--json', ...dir).stdout), { problems: [] })
  assert.deepEqual(await store.command('get', 'n'), Buffer.from('5'))
})

/** A folder that is no store's. */
function temporary(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'saola-outside-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

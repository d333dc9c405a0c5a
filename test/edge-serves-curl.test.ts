/** What curl can ask for, over HTTP/1.1 and over HTTP/2, of files, of the application and of an upstream. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { waitTimeoutMs } from './support/http-connection.ts'
import { type Site, startSite, text } from './support/site.ts'

const run = promisify(execFile)
const upload = randomBytes(4_000_000)
const uploaded = { bytes: upload.length, sha256: createHash('sha256').update(upload).digest('hex') }

/** Runs curl; a path is one of the site. Its certificate is trusted, and checked. */
type Curl = (...args: readonly string[]) => Promise<string>

function curlOf(site: Site, flag: string): Curl {
  const options = ['-sS', '--max-time', '10', '--cacert', site.certificate, flag]
  return async (...args) => {
    const urls = args.map(arg => (arg.startsWith('/') ? `${site.url}${arg}` : arg))
    return (await run('curl', [...options, ...urls], { cwd: site.dir, maxBuffer: 50_000_000 })).stdout
  }
}

test('curl is served', async t => {
  const site = await startSite(t)
  writeFileSync(join(site.dir, 'upload'), upload)
  for (const version of ['1.1', '2']) {
    const curl = curlOf(site, `--http${version}`)
    await t.test(`HTTP/${version}: files and their parts`, () => getFiles(curl, version))
    await t.test(`HTTP/${version}: nothing that it has already`, () => getWhatIsNew(curl, site))
    await t.test(`HTTP/${version}: files that were compressed before`, () => getCompressed(curl))
    for (const [prefix, app] of [
      ['', 'web'],
      ['/api', 'api'],
    ] as const) {
      await t.test(`HTTP/${version}: answers of ${app}`, () => getAnswers(curl, site, { prefix, app }))
      await t.test(`HTTP/${version}: uploads to ${app}`, () => sendUploads(curl, `${prefix}/upload`, app))
    }
  }
  await t.test('a body is asked for with 100 Continue', () => waitForContinue(site))
  await t.test('a body above the limit is refused, and the log says so', () => refuseLarge(site))
  await t.test('several files at once', () => getInParallel(site))
  await t.test('it is sent from HTTP to HTTPS, with its body', () => followToTls(site))
})

async function getFiles(curl: Curl, version: string): Promise<void> {
  const about = '\n%{http_version} %{response_code} %{size_download} %{content_type}'
  const whole = await curl('-w', about, '/static/text.txt')
  assert.equal(whole, `${text}\n${version} 200 ${text.length} text/plain; charset=utf-8`)
  const head = await curl('-I', '/static/text.txt')
  assert.match(head, new RegExp(`^HTTP/${version} 200.*\r\ncontent-length: ${text.length}\r\n`, 'is'))
  assert.equal(await curl('-r', '4-8', '/static/text.txt'), 'quick')
  assert.equal(await curl('-r', '-5', '/static/text.txt'), 'dog.\n')
  const parts = await curl('-r', '4-8,10-14', '/static/text.txt')
  assert.match(parts, /^\r\n--(\S+)\r\n.*\r\n\r\nquick\r\n--\1\r\n.*\r\n\r\nbrown\r\n--\1--\r\n$/s)
  assert.equal(await curl('-r', '9999999-', '-o', 'none', '-w', '%{response_code}', '/static/text.txt'), '416')
}

async function getWhatIsNew(curl: Curl, { dir }: Site): Promise<void> {
  writeFileSync(join(dir, 'part'), text.slice(0, 1_000))
  await curl('-C', '-', '-o', 'part', '/static/text.txt')
  assert.equal(readFileSync(join(dir, 'part'), 'utf8'), text)
  await curl('--etag-save', 'etag', '-o', 'whole', '-R', '/static/text.txt')
  assert.equal(await curl('--etag-compare', 'etag', '-w', '%{response_code}', '/static/text.txt'), '304')
  assert.equal(await curl('-z', 'whole', '-w', '%{response_code}', '/static/text.txt'), '304')
}

async function getCompressed(curl: Curl): Promise<void> {
  assert.equal(await curl('--compressed', '/static/text.txt'), text)
  for (const coding of ['br', 'gzip']) {
    const head = await curl('-I', '-H', `Accept-Encoding: ${coding}`, '/static/text.txt')
    assert.match(head, new RegExp(`content-encoding: ${coding}\r\n`, 'i'))
  }
}

async function getAnswers(curl: Curl, site: Site, { prefix, app }: Record<'prefix' | 'app', string>): Promise<void> {
  const { host } = new URL(site.url)
  assert.deepEqual(JSON.parse(await curl(`${prefix}/who`)), { app, scheme: 'https', host })
  const events = 'retry: 100\n\ndata: one\n\ndata: two\n\ndata: three\n\n'
  assert.equal(await curl('-N', `${prefix}/events?end=1`), events)
  const named = await curl('-i', `${prefix}/invoices/one.txt`)
  assert.match(named, /\r\nx-request-id: [\da-f-]{36}\r\n/i)
  assert.ok(named.endsWith('\r\n\r\nThe invoice of somebody.\n'), named)
  assert.equal(await curl('-r', '4-10', `${prefix}/invoices/one.txt`), 'invoice')
}

async function sendUploads(curl: Curl, path: string, app: string): Promise<void> {
  const posted = JSON.parse(await curl('--data-binary', '@upload', path))
  assert.deepEqual(posted, { app, method: 'POST', ...uploaded })
  const put = JSON.parse(await curl('-T', 'upload', path))
  assert.deepEqual(put, { app, method: 'PUT', ...uploaded })
  // Without a length that is known before.
  const chunked = JSON.parse(await curl('-T', 'upload', '-H', 'Transfer-Encoding: chunked', path))
  assert.deepEqual(chunked, { app, method: 'PUT', ...uploaded })
}

/** The answer to `Expect` has to come at once: curl would go on without it after a second, and say so. */
async function waitForContinue(site: Site): Promise<void> {
  for (const prefix of ['', '/api']) {
    const options = ['-sSv', '--http1.1', '--cacert', site.certificate, '--expect100-timeout', '120']
    const upload = ['-H', 'Expect: 100-continue', '-T', 'upload', `${site.url}${prefix}/upload`]
    const { stdout, stderr } = await run('curl', [...options, ...upload], { cwd: site.dir, timeout: waitTimeoutMs })
    assert.match(stderr, /< HTTP\/1\.1 100 Continue/)
    assert.equal(JSON.parse(stdout).sha256, uploaded.sha256)
  }
}

async function refuseLarge(site: Site): Promise<void> {
  writeFileSync(join(site.dir, 'large'), Buffer.alloc(11_000_000))
  for (const version of ['1.1', '2']) {
    const curl = curlOf(site, `--http${version}`)
    const since = site.tree.lines.length
    const options = ['-o', 'none', '-w', '%{response_code}', '-H', 'Transfer-Encoding: chunked', '-T', 'large']
    assert.equal(await curl(...options, '/upload'), '413')
    await site.tree.waitForLine(/"method":"PUT","path":"\/upload".*"status":413/, { since })
  }
}

async function getInParallel(site: Site): Promise<void> {
  const curl = curlOf(site, '--http2')
  const format = '%{num_connects} %{response_code} %{size_download}\n'
  const urls = Array.from({ length: 30 }, () => ['-o', 'none', `${site.url}/static/text.txt`]).flat()
  const answers = (await curl('-Z', '-w', format, ...urls)).trim().split('\n')
  assert.deepEqual(new Set(answers.map(line => line.slice(2))), new Set([`200 ${text.length}`]))
  assert.equal(answers.length, 30)
}

async function followToTls(site: Site): Promise<void> {
  // curl asks an address without TLS to upgrade to HTTP/2; nobody does.
  for (const flag of ['--http1.1', '--http2']) {
    const curl = curlOf(site, flag)
    const url = `${site.plainUrl}/upload?a=%2Fb`
    const about = ' %{num_redirects} %{url_effective}'
    const answer = await curl('-L', '--data-binary', '@upload', '-w', about, url)
    const end = answer.lastIndexOf('}') + 1
    assert.deepEqual(JSON.parse(answer.slice(0, end)), { app: 'web', method: 'POST', ...uploaded })
    assert.equal(answer.slice(end), ` 1 ${site.url}/upload?a=%2Fb`)
    assert.equal(await curl('-o', 'none', '-w', '%{response_code}', url), '308')
  }
}

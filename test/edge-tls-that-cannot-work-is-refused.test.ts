import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makePair } from './support/pairs.ts'
import { spawnTree } from './support/tree.ts'

const one = makePair(['one.example'])
const other = makePair(['other.example'])
const files = { 'app.mjs': 'export default (req, res) => res.end()', 'cert.pem': one.cert, 'other.pem': other.key }

/** The problems of settings are told before a file is read. */
const cases: Record<string, { apps: Readonly<Record<string, object>>; problems: readonly RegExp[] }> = {
  'files that do not belong together, or do not exist': {
    apps: {
      strange: { tls: { cert: 'cert.pem', key: 'other.pem' } },
      absent: { tls: { cert: 'none.pem', key: 'cert.pem' } },
    },
    problems: [
      /apps\.strange\.tls\.cert expected .*cert\.pem" \(.*other\.pem is not its key\)/,
      /apps\.absent\.tls\.cert expected .*none\.pem" \(there is no such file\)/,
    ],
  },
  'sticky by cookie, a redirect where the application listens, and parts that are missing or exclude each other': {
    apps: {
      sticky: { balance: 'sticky', sticky: { by: 'cookie' }, tls: 'self-signed' },
      redirect: { listen: '127.0.0.1:8443', tls: { selfSigned: true, redirect: '127.0.0.1:8443' } },
      parts: { tls: { cert: 'cert.pem', selfSigned: true, clientCertificate: 'required' } },
    },
    problems: [
      /apps\.sticky\.sticky\.by expected "ip", got "cookie"/,
      /apps\.redirect\.tls\.redirect expected an address of its own, got 127\.0\.0\.1:8443/,
      /apps\.parts\.tls\.cert and tls\.selfSigned exclude each other/,
      /apps\.parts\.tls\.ca is needed/,
    ],
  },
}

for (const [what, { apps, problems }] of Object.entries(cases)) {
  test(`${what}: neither the check nor the start lets it pass`, async t => {
    const each = Object.entries(apps).map(([name, app]) => [name, { app: './app.mjs', listen: '127.0.0.1:0', ...app }])
    const tree = spawnTree(t, { files, config: { apps: Object.fromEntries(each) } })
    const [exit, check] = [await tree.exit, await tree.cli('check')]
    assert.equal(exit.code, 1)
    assert.equal(check.code, 1)
    for (const problem of problems) {
      assert.match(tree.lines.join('\n'), problem)
      assert.match(check.stdout + check.stderr, problem)
    }
  })
}

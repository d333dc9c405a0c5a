import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makePair } from './support/pairs.ts'
import { spawnTree } from './support/tree.ts'

const one = makePair(['one.example'])
const other = makePair(['other.example'])
const files = { 'app.mjs': 'export default (req, res) => res.end()', 'cert.pem': one.cert, 'other.pem': other.key }

const cases: Record<string, { web: object; problems: readonly RegExp[] }> = {
  'a pair whose files do not belong together': {
    web: { tls: { cert: 'cert.pem', key: 'other.pem' } },
    problems: [/apps\.web\.tls\.cert expected .*cert\.pem" \(.*other\.pem is not its key\)/],
  },
  'files that do not exist': {
    web: { tls: { cert: 'none.pem', key: 'cert.pem' } },
    problems: [/apps\.web\.tls\.cert expected .*none\.pem" \(there is no such file\)/],
  },
  'sticky by cookie': {
    web: { balance: 'sticky', sticky: { by: 'cookie' }, tls: 'self-signed' },
    problems: [/apps\.web\.sticky\.by expected "ip", got "cookie"/],
  },
  'a redirect where the application listens': {
    web: { tls: { selfSigned: true, redirect: '127.0.0.1:8443' } },
    problems: [/apps\.web\.tls\.redirect expected an address of its own, got 127\.0\.0\.1:8443/],
  },
  'parts that are missing or exclude each other': {
    web: { tls: { cert: 'cert.pem', selfSigned: true, clientCertificate: 'required' } },
    problems: [/apps\.web\.tls\.cert and tls\.selfSigned exclude each other/, /apps\.web\.tls\.ca is needed/],
  },
}

for (const [what, { web, problems }] of Object.entries(cases)) {
  test(`${what}: neither the check nor the start lets it pass`, async t => {
    const config = { apps: { web: { app: './app.mjs', listen: '127.0.0.1:8443', ...web } } }
    const tree = spawnTree(t, { files, config })
    const [exit, check] = [await tree.exit, await tree.cli('check')]
    assert.equal(exit.code, 1)
    assert.equal(check.code, 1)
    for (const problem of problems) {
      assert.match(tree.lines.join('\n'), problem)
      assert.match(check.stdout + check.stderr, problem)
    }
  })
}

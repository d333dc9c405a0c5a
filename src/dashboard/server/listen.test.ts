import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { certificateWatch } from './listen.ts'

test('certificate files that cannot be looked at are told once, and the old certificate stays', t => {
  const folder = mkdtempSync(join(tmpdir(), 'saola-listen-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  for (const path of [cert, key]) writeFileSync(path, 'a')
  const [events, loaded]: [string[], unknown[]] = [[], []]
  const servers = [{ setSecureContext: (context: object) => loaded.push(context) }]
  const look = certificateWatch({ log: (_, event) => events.push(event) }, { cert, key }, servers)
  look()
  unlinkSync(cert)
  // ELOOP, which stat throws also where a file may be missing.
  symlinkSync(cert, cert)
  look()
  look()
  assert.deepEqual([events, loaded], [['dashboard.certificate.refused'], []])
  unlinkSync(cert)
  writeFileSync(cert, 'renewed')
  look()
  assert.deepEqual(events.slice(1), ['dashboard.certificate.loaded'])
  assert.equal(loaded.length, 1)
})

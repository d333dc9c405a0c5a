import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { unitCommand, unitText, unitWord } from './unit-text.ts'

describe('values in units of systemd', () => {
  it('are what they were behind the rules of systemd', () => {
    assert.equal(unitWord('/srv/shop'), '/srv/shop')
    assert.equal(unitWord('/srv/my shop'), '"/srv/my shop"')
    assert.equal(unitWord('a"b\\c'), '"a\\"b\\\\c"')
    assert.equal(unitText('/srv/100% shop'), '/srv/100%% shop')
    assert.equal(unitCommand(['/usr/bin/node', '/srv/$HOME/x%y']), '/usr/bin/node "/srv/$$HOME/x%%y"')
  })
})

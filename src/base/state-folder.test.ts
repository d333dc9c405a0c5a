import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { controlSocketOf, socketPathBytesMax, stateFolderOf } from './state-folder.ts'

describe('the control socket', () => {
  it('stands in the state folder of the tree', () => {
    assert.equal(controlSocketOf(stateFolderOf('/srv/shop', 'web'), {}), '/srv/shop/.saola/web/control.sock')
  })

  it('has a short path where that one is too long for a socket', () => {
    const folder = stateFolderOf(`/srv/${'é'.repeat(45)}`, 'web')
    const inRuntime = controlSocketOf(folder, { XDG_RUNTIME_DIR: '/run/user/1000' })
    assert.match(inRuntime, /^\/run\/user\/1000\/saola\/[0-9a-f]{16}\.sock$/)
    const inTemporary = controlSocketOf(folder, {})
    assert.match(inTemporary, /\/saola-\d+\/[0-9a-f]{16}\.sock$/)
    assert.ok(Buffer.byteLength(inTemporary) <= socketPathBytesMax)
    assert.equal(controlSocketOf(folder, {}), inTemporary)
    assert.notEqual(controlSocketOf(`${folder}x`, {}), inTemporary)
  })
})

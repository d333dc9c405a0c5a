import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cutText, visibleLines, visibleText, withoutColours } from './visible-text.ts'

test('plain text of any language is left as it is', () => {
  for (const text of ['orders:1', 'größer', 'مرحبا', '漢字', 'e\u0301', '👩🏽', '<b>&amp;']) {
    assert.equal(visibleText(text), text)
  }
})

test('control characters are shown by their names', () => {
  assert.equal(visibleText('a\0b\u001b[31m\r\n\t\u007f\u0085'), 'a⟨NUL⟩b⟨ESC⟩[31m⟨CR⟩⟨LF⟩⟨TAB⟩⟨U+007F⟩⟨U+0085⟩')
})

test('what turns the order of text, or is not seen, is shown by its number', () => {
  assert.equal(visibleText('pay\u202Eexe.\u202C'), 'pay⟨U+202E⟩exe.⟨U+202C⟩')
  assert.equal(visibleText('a\u200bb\u2066c\ufeff'), 'a⟨U+200B⟩b⟨U+2066⟩c⟨U+FEFF⟩')
})

test('half a character is shown as what it is', () => {
  assert.equal(visibleText('a\ud83db\udc69'), 'a⟨U+D83D⟩b⟨U+DC69⟩')
})

test('a text of lines keeps its lines and tabs', () => {
  assert.equal(visibleLines('a\n\tb\u0007\r\n'), 'a\n\tb⟨BEL⟩⟨CR⟩\n')
})

test('every text is shown the same way each time', () => {
  assert.equal(visibleText('\u0007'), visibleText('\u0007'))
})

test('colours of terminals are left out, and nothing else of what begins with an escape', () => {
  assert.equal(withoutColours('\u001b[31mred\u001b[0m \u001b[1;32mgreen\u001b[m'), 'red green')
  assert.equal(withoutColours('\u001b[2J'), '\u001b[2J')
})

test('a long text is cut, and says by how much', () => {
  assert.equal(cutText('abcdef', 4), 'abcd… (2 more)')
  assert.equal(cutText('abcd', 4), 'abcd')
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EdgeRequest } from '../edge-request.ts'
import { targetOf } from './target.ts'

function target(path: string, encodedPath: string, prefix?: string): string | undefined {
  return targetOf({ path, encodedPath, search: '?q' } as EdgeRequest, prefix)
}

test('without a prefix to cut off, the canonical path is sent as it is', () => {
  assert.equal(target('/a b', '/a%20b'), '/a%20b?q')
  assert.equal(target('/a b', '/a%20b', ''), '/a%20b?q')
})

test('a prefix is cut off in both forms of a path', () => {
  assert.equal(target('/api', '/api', '/api'), '/?q')
  assert.equal(target('/api/', '/api/', '/api'), '/?q')
  assert.equal(target('/api/x/y', '/api/x/y', '/api'), '/x/y?q')
  assert.equal(target('/ä b/x y', '/%C3%A4%20b/x%20y', '/ä b'), '/x%20y?q')
  assert.equal(target('/a/b/c%2Fd e', '/a/b/c%2fd%20e', '/a/b'), '/c%2fd%20e?q')
  assert.equal(target('/api/a%2Fb', '/api/a%252Fb', '/api'), '/a%252Fb?q')
})

test('what is left is never above the root, nor a host', () => {
  const cases = [
    ['/api/../x', '/api/../x'],
    ['/api/..', '/api/..'],
    ['/api/./x', '/api/./x'],
    ['/api//evil.example/x', '/api//evil.example/x'],
    ['/api/%2e%2e/x', '/api/%252e%252e/x/..'],
    ['/api/x', '/api/%2e%2E/x'],
    ['/api/\\x', '/api/\\x'],
  ] as const
  for (const [path, encoded] of cases) assert.equal(target(path, encoded, '/api'), undefined, encoded)
})

test('two forms of a path that differ are refused', () => {
  assert.equal(target('/api/x', '/api/y', '/api'), undefined)
  assert.equal(target('/api/x', '/api/%zz', '/api'), undefined)
  assert.equal(target('/api/x', '/api', '/api'), undefined)
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as z from 'zod'
import { choice, count, duration, path, secret, size, text, url } from '../base/option-types.ts'
import { deriveOptions } from './derive.ts'
import { createDraft, originOf, pathKey } from './draft.ts'
import { hasVariable } from './environment.ts'
import { formatBoth, formatTree, hideSecret } from './format.ts'
import { formatPath } from './format-path.ts'
import { createOptionTree, mapKinds, nodeAt } from './option-tree.ts'
import { describeIssues } from './problems.ts'
import { listSettings } from './values.ts'

const meta = { change: 'restart', description: 'What it does.' } as const

const mount = z.strictObject({ dir: path().meta(meta), maxAge: duration().prefault('1h').meta(meta) })
const upstreamUrl = url('an upstream such as "http://127.0.0.1:9001"', /^http:/)
const upstream = z.union([upstreamUrl, z.strictObject({ url: upstreamUrl, weight: count({ min: 1 }).prefault(1) })])

/** Every shape that a section of the edge has. */
const edge = z.strictObject({
  static: z
    .record(
      text('a path such as "/media"').startsWith('/').meta({ expected: 'a path such as "/media"' }),
      z.union([path(), mount]).meta({ short: 'dir', expected: 'a folder, or { dir, maxAge }' }),
    )
    .prefault({})
    .meta(meta),
  cache: z
    .array(
      z.strictObject({
        path: text().meta(meta),
        ttl: z.union([z.literal('origin'), duration()]).meta({ ...meta, expected: 'a duration or "origin"' }),
        key: z.strictObject({ cookies: z.array(choice(['session', 'theme'])).prefault([]) }).prefault({}),
      }),
    )
    .prefault([])
    .meta(meta),
  proxy: z
    .record(z.string(), z.union([upstreamUrl, z.strictObject({ to: z.union([upstream, z.array(upstream)]) })]))
    .prefault({})
    .meta(meta),
  users: z
    .array(z.strictObject({ name: text(), password: secret() }))
    .prefault([])
    .meta(meta),
  redirects: z.record(z.string(), z.string()).prefault({}).meta(meta),
  limits: z
    .strictObject({ bodyBytes: size().prefault('1MB').meta(meta) })
    .prefault({})
    .meta(meta),
})
const schema = z.strictObject({
  apps: z.record(
    z.string(),
    z.strictObject({ timeout: duration().prefault('30s').meta(meta), edge: edge.prefault({}) }),
  ),
})

const options = deriveOptions(schema)
const tree = createOptionTree(options)
const option = (wanted: string) => options.find(({ path }) => path === wanted)

const value = {
  static: { '/media': './media', '/v1.0': { dir: 'b', maxAge: '1d' } },
  cache: [
    { path: '/', ttl: '10s' },
    { path: '/x', ttl: 'origin' },
  ],
  proxy: { '/': { to: ['http://me:pw@a:1', { url: 'http://me:pw@b:2' }] }, '/x': 'http://me:pw@c:3' },
  users: [{ name: 'me', password: 'pw' }],
  redirects: { '/a.b': '/c' },
}
const parsed = (edge: object = value) => schema.parse({ apps: { web: { edge } } })

function problemsOf(edge: object, origins: ReadonlyMap<string, string> = new Map()): string[] {
  const result = schema.safeParse({ apps: { web: { edge } } }, { reportInput: true })
  return describeIssues(result.error?.issues ?? [], origins, tree)
}

describe('the table of options', () => {
  it('has what stands in records and lists, by the place of it', () => {
    const paths = options.map(({ path }) => path).filter(path => path.startsWith('apps.*.edge.'))
    assert.deepEqual(
      paths.map(path => path.slice('apps.*.edge.'.length)),
      [
        'static',
        'static.*',
        'static.*.dir',
        'static.*.maxAge',
        'cache',
        'cache[].path',
        'cache[].ttl',
        'cache[].key',
        'cache[].key.cookies',
        'cache[].key.cookies[]',
        'proxy',
        'proxy.*',
        'proxy.*.to',
        'proxy.*.to.url',
        'proxy.*.to.weight',
        'proxy.*.to[]',
        'proxy.*.to[].url',
        'proxy.*.to[].weight',
        'users',
        'users[].name',
        'users[].password',
        'redirects',
        'limits',
        'limits.bodyBytes',
      ],
    )
    assert.equal(option('apps.*.edge.static')?.holds, 'record')
    assert.equal(option('apps.*.edge.cache')?.holds, 'list')
    assert.equal(option('apps.*.edge.redirects')?.holds, undefined)
    assert.equal(option('apps.*.edge.static.*')?.plainKind, 'path')
    assert.equal(option('apps.*.edge.proxy.*.to[]')?.plainKind, 'url')
  })

  it('finds the option of any place, whatever characters its keys have', () => {
    const at = (...path: PropertyKey[]) => nodeAt(tree, ['apps', 'web', 'edge', ...path])?.option?.path
    assert.equal(at('static', '/v1.0/x', 'dir'), 'apps.*.edge.static.*.dir')
    assert.equal(at('cache', 3, 'ttl'), 'apps.*.edge.cache[].ttl')
    assert.equal(at('proxy', '/', 'to', 1, 'weight'), 'apps.*.edge.proxy.*.to[].weight')
    assert.equal(at('static', '/x', 'nothing'), undefined)
    assert.equal(at('limits', 0), undefined)
  })

  it('has no environment variable for what is in a record or a list', () => {
    const inside = options.filter(({ path }) => /\*|\[\]/.test(path.replace('apps.*', '')))
    assert.ok(inside.length > 10)
    assert.deepEqual(inside.filter(hasVariable), [])
    assert.deepEqual(
      options.filter(hasVariable).map(({ path }) => path),
      ['apps.*.timeout', 'apps.*.edge.limits.bodyBytes'],
    )
  })
})

describe('a problem in a record or a list', () => {
  const cases: readonly (readonly [string, object, string])[] = [
    [
      'a wrong value in a rule',
      {
        cache: [
          { path: '/', ttl: 1 },
          { path: '/', ttl: 'soon' },
        ],
      },
      'apps.web.edge.cache[1].ttl expected a duration or "origin", got "soon".',
    ],
    [
      'a wrong value in an entry that may be short',
      { static: { '/a': { dir: 'x', maxAge: 'soon' } } },
      'apps.web.edge.static["/a"].maxAge expected a duration such as "30s" or "500ms", got "soon".',
    ],
    [
      'a value of another type in a rule',
      { cache: [{ path: '/', ttl: true }] },
      'apps.web.edge.cache[0].ttl expected a duration or "origin", got true.',
    ],
    [
      'an unknown key in a rule',
      { cache: [{ path: '/', ttl: 1, tll: 2 }] },
      'apps.web.edge.cache[0].tll is unknown, did you mean apps.web.edge.cache[0].ttl?',
    ],
    [
      'a key that stands elsewhere',
      { cache: [{ path: '/', ttl: 1, timeout: 2 }] },
      'apps.web.edge.cache[0].timeout is unknown.',
    ],
    ['a missing key', { cache: [{ ttl: 1 }] }, 'apps.web.edge.cache[0] needs path: what it does.'],
    [
      'an unknown key of an entry that may be short',
      { static: { '/v1.0': { dir: 'x', maxage: 1 } } },
      'apps.web.edge.static["/v1.0"].maxage is unknown, did you mean apps.web.edge.static["/v1.0"].maxAge?',
    ],
    [
      'an entry of neither form',
      { static: { '/v1.0': 5 } },
      'apps.web.edge.static["/v1.0"] expected a folder, or { dir, maxAge }, got 5.',
    ],
    [
      'a wrong key',
      { static: { media: 'x' } },
      'apps.web.edge.static.media expected a path such as "/media", got "media".',
    ],
    [
      'a wrong word in a list',
      { cache: [{ path: '/', ttl: 1, key: { cookies: ['session', 'thme'] } }] },
      'apps.web.edge.cache[0].key.cookies[1] expected "session" or "theme", got "thme", did you mean "theme"?',
    ],
    [
      'a part of one form of several, however deep',
      { proxy: { '/': { to: ['http://a', { url: 'http://b', weight: 0 }] } } },
      'apps.web.edge.proxy["/"].to[1].weight expected a whole number of at least 1, got 0.',
    ],
    [
      'an address that is none',
      { proxy: { '/': { to: ['ftp://a'] } } },
      'apps.web.edge.proxy["/"].to[0] expected an upstream such as "http://127.0.0.1:9001".',
    ],
    ['a list in the place of a record', { static: ['x'] }, 'apps.web.edge.static expected an object, got ["x"].'],
    ['a record in the place of a list', { cache: { '/': 1 } }, 'apps.web.edge.cache expected a list, got {"/":1}.'],
    ['a secret is not in the message', { users: { a: 1 } }, 'apps.web.edge.users expected a list, got {"a":1}.'],
    [
      'nor one in a value that is wrong as a whole',
      { users: [{ name: 'me', password: ['hunter2'] }] },
      'apps.web.edge.users[0].password expected a text, got object.',
    ],
  ]
  for (const [what, edge, expected] of cases) {
    it(`is named with its place: ${what}`, () => assert.deepEqual(problemsOf(edge), [expected]))
  }

  it('says where it comes from, when that is not the file', () => {
    const origins = new Map([[pathKey(['apps', 'web', 'edge', 'proxy', '/a.b']), 'flag --proxy']])
    assert.deepEqual(problemsOf({ proxy: { '/a.b': { to: 5 } } }, origins), [
      'apps.web.edge.proxy["/a.b"].to (flag --proxy) expected an upstream such as "http://127.0.0.1:9001", got 5.',
    ])
  })
})

describe('values in records and lists', () => {
  it('are changed by their kind, wherever they stand', () => {
    const made = mapKinds(parsed(), tree, (value, kind) => (kind === 'path' ? `/dir/${value}` : value))
    assert.deepEqual((made as ReturnType<typeof parsed>).apps.web?.edge.static, {
      '/media': '/dir/./media',
      '/v1.0': { dir: '/dir/b', maxAge: 86_400_000 },
    })
  })

  it('show neither secrets nor passwords in addresses', () => {
    const shown = JSON.stringify(mapKinds(parsed(), tree, hideSecret))
    assert.doesNotMatch(shown, /pw/)
    assert.match(shown, /"\/x":"http:\/\/…@c:3"/)
    assert.doesNotMatch(formatTree(parsed(), tree), /pw/)
  })

  it('are one setting with all that is in it, as one would write it', () => {
    const config = parsed()
    const rows = listSettings(config, options).map(({ path, value }) => [
      path,
      formatTree(value, nodeAt(tree, path.split('.'))),
    ])
    assert.deepEqual(rows, [
      ['apps.web.timeout', '30s'],
      ['apps.web.edge.static', '{ "/media": ./media, "/v1.0": { dir: b, maxAge: 1d } }'],
      [
        'apps.web.edge.cache',
        '[{ path: "/", ttl: 10s, key: { cookies: [] } }, { path: "/x", ttl: "origin", key: { cookies: [] } }]',
      ],
      [
        'apps.web.edge.proxy',
        '{ "/": { to: ["http://…@a:1", { url: "http://…@b:2", weight: 1 }] }, "/x": "http://…@c:3" }',
      ],
      ['apps.web.edge.users', '[{ name: "me", password: (secret) }]'],
      ['apps.web.edge.redirects', '{"/a.b":"/c"}'],
      ['apps.web.edge.limits.bodyBytes', '1MB'],
    ])
  })

  it('are counted where they are many', () => {
    const cache = Array.from({ length: 5_000 }, (_, index) => ({ path: `/${index}`, ttl: 1 }))
    const text = formatTree(parsed({ cache }).apps.web?.edge.cache, nodeAt(tree, ['apps', 'web', 'edge', 'cache']))
    assert.match(text, /^\[\{ path: "\/0", .* … 4990 more\]$/)
    assert.ok(text.length < 1_000, `${text.length} characters`)
    const redirects = Object.fromEntries(cache.map(({ path }) => [path, '/']))
    assert.match(
      formatTree(redirects, nodeAt(tree, ['apps', 'web', 'edge', 'redirects'])),
      /^\{ "\/0": "\/", .* … 4990 more \}$/,
    )
    const one = formatBoth(redirects, { ...redirects, '/x': '/y' }, undefined)
    assert.deepEqual(one, { from: '{ … }', to: '{ …, "/x": "/y" }' })
  })
})

describe('a difference', () => {
  const both = (from: object, to: object, key: 'static' | 'cache') =>
    formatBoth(
      parsed(from).apps.web?.edge[key],
      parsed(to).apps.web?.edge[key],
      nodeAt(tree, ['apps', 'web', 'edge', key]),
    )
  const entry = (dir: string) => `{ dir: ${dir}, maxAge: 1h }`

  it('of records has only the entries that are not the same', () => {
    const from = { static: { '/a': { dir: 'a' }, '/b': { dir: 'b' }, '/c': { dir: 'c' } } }
    const to = { static: { '/a': { dir: 'a' }, '/b': { dir: 'x' }, '/d': { dir: 'd' } } }
    assert.deepEqual(both(from, to, 'static'), {
      from: `{ …, "/b": ${entry('b')}, "/c": ${entry('c')} }`,
      to: `{ …, "/b": ${entry('x')}, "/d": ${entry('d')} }`,
    })
    assert.deepEqual(both({}, { static: { '/a': 'a' } }, 'static'), { from: '{}', to: '{ "/a": a }' })
  })

  it('of lists has what is between the same beginning and the same end', () => {
    const rules = (...names: string[]) => ({ cache: names.map(path => ({ path, ttl: 1 })) })
    const rule = (path: string) => `{ path: "${path}", ttl: 1s, key: { cookies: [] } }`
    assert.deepEqual(both(rules('a', 'b', 'c'), rules('a', 'x', 'c'), 'cache'), {
      from: `[…, ${rule('b')}, …]`,
      to: `[…, ${rule('x')}, …]`,
    })
    assert.deepEqual(both(rules('a'), rules('a', 'a'), 'cache'), { from: '[…]', to: `[…, ${rule('a')}]` })
  })
})

describe('keys with dots', () => {
  it('are told from the dots of a path', () => {
    const draft = createDraft({ apps: { web: { edge: { static: { '/a.b': 'x', '/c': { dir: 'y' } } } } } }, 'file f')
    draft.origins.set(pathKey(['apps', 'web', 'edge', 'static', '/']), 'flag --static')
    assert.deepEqual(
      [...draft.origins.keys()].map(key => key.slice('apps.web.edge.static.'.length)),
      ['/a\\.b', '/c.dir', '/'],
    )
    assert.equal(originOf(draft.origins, 'apps.web.edge.static'), 'file f, flag --static')
    assert.equal(formatPath(['apps', 'web', 'edge', 'static', '/a.b', 'dir', 0]), 'apps.web.edge.static["/a.b"].dir[0]')
  })
})

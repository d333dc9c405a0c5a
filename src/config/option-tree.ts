import type { Option } from './option.ts'

/** The options as the configuration nests, so that the place of any value in it finds what is said about it. */
export interface OptionNode {
  readonly option?: Option
  readonly keys: ReadonlyMap<string, OptionNode>
  /** Of every key that has no name here. */
  readonly entries?: OptionNode
  /** Of every item of a list. */
  readonly items?: OptionNode
}

type Growing = { -readonly [Key in keyof OptionNode]: OptionNode[Key] } & { readonly keys: Map<string, OptionNode> }

export function createOptionTree(options: readonly Option[]): OptionNode {
  const root: Growing = { keys: new Map() }
  for (const option of options) grow(root, option.path.split(/\.|(?=\[\])/)).option = option
  return root
}

function grow(node: Growing, [key, ...rest]: readonly string[]): Growing {
  if (key === undefined) return node
  const child = (childAt(node, key) as Growing | undefined) ?? { keys: new Map() }
  if (key === '*') node.entries = child
  else if (key === '[]') node.items = child
  else node.keys.set(key, child)
  return grow(child, rest)
}

function childAt(node: OptionNode, key: string): OptionNode | undefined {
  return key === '*' ? node.entries : key === '[]' ? node.items : node.keys.get(key)
}

/** What is said about the value at a path; numbers in it are places in a list. */
export function nodeAt(node: OptionNode | undefined, path: readonly PropertyKey[]): OptionNode | undefined {
  return path.reduce<OptionNode | undefined>(
    (found, key) => (typeof key === 'number' ? found?.items : (found?.keys.get(String(key)) ?? found?.entries)),
    node,
  )
}

/**
 * A copy of a value in which `change` has been asked for every part with a kind: paths, secrets, durations. What has no
 * kind stays as it is.
 */
export function mapKinds(value: unknown, node: OptionNode | undefined, change: ChangeKind): unknown {
  if (node === undefined || value === undefined || value === null) return value
  const { kind, plainKind } = node.option ?? {}
  if (kind !== undefined)
    return Array.isArray(value) && !listKinds.has(kind) ? value.map(item => change(item, kind)) : change(value, kind)
  if (Array.isArray(value)) return value.map(item => mapKinds(item, node.items, change))
  if (typeof value !== 'object') return plainKind === undefined ? value : change(value, plainKind)
  return Object.fromEntries(
    Object.entries(value).map(([key, child]) => [key, mapKinds(child, node.keys.get(key) ?? node.entries, change)]),
  )
}

export type ChangeKind = (value: unknown, kind: NonNullable<Option['kind']>) => unknown

/** Those whose value is a list itself. */
const listKinds: ReadonlySet<string> = new Set(['addresses'])

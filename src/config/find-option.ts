import { options } from './generated.ts'
import type { Option } from './option.ts'
import { createOptionTree, nodeAt, type OptionNode } from './option-tree.ts'

let tree: OptionNode | undefined

/** All options, by where they stand. */
export function optionTree(): OptionNode {
  tree ??= createOptionTree(options)
  return tree
}

/** The option at a path of a configuration, such as `apps.web.timeout`, or undefined. */
export function findOption(path: readonly PropertyKey[]): Option | undefined {
  return nodeAt(optionTree(), path)?.option
}

/** The longest common subsequence of two texts. */
import { CommandError } from './command-error.ts'

/** A part that both have. */
export interface Match {
  /** Where it begins in each. */
  readonly a: number
  readonly b: number
  readonly length: number
}

// Four bytes each: 256 MB, and half a second, are enough for the owner of a store.
const cellsMax = 64 * 1024 ** 2

/** How long it is, and its parts, the last one first. Takes time and memory as the product of both lengths. */
export function findCommon(a: Buffer, b: Buffer): { length: number; matches: Match[] } {
  const width = b.length + 1
  if ((a.length + 1) * width > cellsMax) {
    throw new CommandError('ERR', 'Insufficient memory, failed allocating transient memory for LCS')
  }
  // At [i, j]: the length for the first i bytes of one and the first j of the other.
  const lengths = new Uint32Array((a.length + 1) * width)
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const above = (i - 1) * width + j
      lengths[i * width + j] =
        a[i - 1] === b[j - 1]
          ? (lengths[above - 1] as number) + 1
          : Math.max(lengths[above] as number, lengths[above + width - 1] as number)
    }
  }
  return { length: lengths.at(-1) as number, matches: walkBack(a, b, lengths) }
}

function walkBack(a: Buffer, b: Buffer, lengths: Uint32Array): Match[] {
  const width = b.length + 1
  const matches: Match[] = []
  let [i, j, length] = [a.length, b.length, 0]
  const end = () => {
    if (length > 0) matches.push({ a: i, b: j, length })
    length = 0
  }
  while (i > 0 && j > 0) {
    if (a[i - 1] === b[j - 1]) {
      i--
      j--
      length++
      continue
    }
    end()
    if ((lengths[(i - 1) * width + j] as number) > (lengths[i * width + j - 1] as number)) i--
    else j--
  }
  end()
  return matches
}

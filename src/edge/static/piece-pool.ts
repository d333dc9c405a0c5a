/** Buffers that answers read files into, one at a time each, so that a client that reads slowly holds only one. */
export interface PiecePool {
  take(): Buffer
  /** Nobody looks at it any more. */
  give(piece: Buffer): void
  /** It will not come back: the operating system may still have it. */
  lose(piece: Buffer): void
}

/**
 * Large pieces are quicker and few; when clients that read slowly hold all of them, the others get small ones. So so many
 * connections hold at most 8 MiB and 64 KiB for each.
 */
const largeBytes = 256 * 1024
const largeMax = 32
const smallBytes = 64 * 1024
const smallKeptMax = 32

export function createPiecePool(): PiecePool {
  const large: Buffer[] = []
  const small: Buffer[] = []
  let largeTaken = 0
  return {
    take() {
      if (largeTaken < largeMax) {
        largeTaken++
        return large.pop() ?? Buffer.allocUnsafeSlow(largeBytes)
      }
      return small.pop() ?? Buffer.allocUnsafeSlow(smallBytes)
    },
    give(piece) {
      if (piece.length === largeBytes) {
        largeTaken--
        large.push(piece)
      } else if (small.length < smallKeptMax) {
        small.push(piece)
      }
    },
    lose(piece) {
      if (piece.length === largeBytes) largeTaken--
    },
  }
}

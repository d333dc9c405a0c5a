/** Work on canvases, a piece a frame: six charts drawn in one frame make a frame that is felt. */
const waiting = new Map<object, () => void>()
let isAsked = false

/** Draws when its turn has come; what `whose` has asked for before, and was not drawn yet, is not needed any more. */
export function drawInTurn(whose: object, draw: () => void): void {
  waiting.set(whose, draw)
  ask()
}

/** Nobody shows it any more. */
export function giveUpTurn(whose: object): void {
  waiting.delete(whose)
}

function ask(): void {
  if (isAsked || waiting.size === 0) return
  isAsked = true
  requestAnimationFrame(() => {
    isAsked = false
    const [first] = waiting
    if (!first) return
    const [whose, draw] = first
    waiting.delete(whose)
    draw()
    ask()
  })
}

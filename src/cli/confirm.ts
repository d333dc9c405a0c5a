import { createInterface } from 'node:readline/promises'

/** Asks a person; nobody is there to answer without a terminal, and that is a no. */
export async function confirm(text: string): Promise<boolean> {
  const { stdin, stderr } = process
  if (!stdin.isTTY || !stderr.isTTY) return false
  const lines = createInterface({ input: stdin, output: stderr })
  try {
    // Ctrl-C and Ctrl-D close it, and the question is never answered.
    const closed = new Promise<string>(resolve => lines.once('close', () => resolve('')))
    const answer = await Promise.race([lines.question(`${text} Go on? [y/N] `), closed])
    return /^y(es)?$/i.test(answer.trim())
  } finally {
    lines.close()
  }
}

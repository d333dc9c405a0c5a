import { defineTask } from 'saola/tasks'

/** Counts the words of a text, slowly. */
export const countWords = defineTask({
  id: 'words.count',
  unique: { ttl: '1m' },
  async run(text: string, { context, progress, signal }) {
    const words = text.split(/\s+/).filter(Boolean)
    for (let done = 1; done <= words.length; done++) {
      signal.throwIfAborted()
      await new Promise(resolve => setTimeout(resolve, 10))
      await progress({ done, of: words.length })
    }
    return { words: words.length, askedBy: context.requestId }
  },
})

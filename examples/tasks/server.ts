import { tasks } from 'saola/tasks'
import { countWords } from './tasks/count-words.ts'

/** POST / with a text enqueues it and answers its id; GET /ID says what became of it. */
export default {
  async fetch(request: Request): Promise<Response> {
    if (request.method === 'POST') {
      const handle = await countWords.enqueue(await request.text())
      return Response.json({ id: handle.id, isNew: handle.isNew }, { status: 202 })
    }
    const job = await tasks.get(new URL(request.url).pathname.slice(1))
    if (!job) return Response.json({ error: 'There is no such job.' }, { status: 404 })
    const parse = (json: string | undefined) => (json === undefined ? undefined : JSON.parse(json))
    return Response.json({ state: job.state, progress: parse(job.progress), result: parse(job.result) })
  },
}

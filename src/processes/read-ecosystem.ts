// Evaluates one ecosystem file of PM2 and writes what it exports to file descriptor 3; started by importers/pm2/read-ecosystem.ts.
import { readFileSync, writeSync } from 'node:fs'
import { runInNewContext } from 'node:vm'
import { messageOf } from '../base/errors.ts'
import { loadModule } from '../base/load-module.ts'

const [, , file = ''] = process.argv
const reply = Buffer.from(await read())
let written = 0
while (written < reply.length) written += writeSync(3, reply, written)
// Whatever the file has opened, a timer or a connection, must not keep this process.
process.exit()

async function read(): Promise<string> {
  try {
    const value = file.endsWith('.json') ? readJson() : await readModule()
    // Functions are no data: they are left out.
    return JSON.stringify({ ok: true, value })
  } catch (error) {
    return JSON.stringify({ ok: false, message: messageOf(error).split('\n')[0] })
  }
}

/** PM2 reads JSON as JavaScript: with comments, and commas at the end. */
function readJson(): unknown {
  return runInNewContext(`(${readFileSync(file, 'utf8')}\n)`, Object.create(null), { filename: file })
}

async function readModule(): Promise<unknown> {
  const namespace = await loadModule(file)
  const exported = namespace.default ?? namespace
  const isCompiled = typeof exported === 'object' && exported !== null && '__esModule' in exported
  return isCompiled && 'default' in exported ? exported.default : exported
}

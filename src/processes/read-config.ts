// Evaluates one configuration file and writes what it exports to file descriptor 3; started by config/file.ts.
import { writeSync } from 'node:fs'
import { evaluateConfig } from '../config/evaluate.ts'

const [, , file = '', mode = 'start'] = process.argv
const reply = await evaluateConfig(file, mode === 'dev' ? 'dev' : 'start')
let written = 0
while (written < reply.length) written += writeSync(3, reply, written)
// Whatever the file has opened, a timer or a connection, must not keep this process.
process.exit()

import assert from 'node:assert/strict'
import { cronFiles } from './support/cron-tree.ts'
import { nobody, openProgram, testAsRoot } from './support/nobody.ts'
import { startTree } from './support/tree.ts'

const never = '0 0 1 1 *'

testAsRoot(
  'a command runs as its user, and a module as the first application does, with its store and variables',
  async t => {
    const job = `
import { store } from 'saola/store'
export default async () => {
  console.log(process.getuid(), process.env.FROM_APP, process.env.HOME, await store.counter('times').increment())
}`
    const web = { app: './app.mjs', listen: 'unix:./web.sock', user: 'nobody', env: { FROM_APP: 'yes' }, workers: 1 }
    const cron = {
      who: { schedule: never, command: 'echo $(id -u) $(umask) "$FROM_APP"', shell: true, user: nobody, umask: '027' },
      root: { schedule: never, command: 'id -u' },
      job: { schedule: never, module: './job.mjs' },
      'other-job': { schedule: never, module: './job.mjs', user: 'root' },
    }
    const config = { name: 'shop', apps: { web }, cron }
    const tree = await startTree(t, { files: { ...cronFiles, 'job.mjs': job }, owner: 0, config, ...openProgram(t) })
    assert.equal((await tree.cli('run', 'who')).stdout, `${nobody} 0027 \n`)
    assert.equal((await tree.cli('run', 'root')).stdout, '0\n')
    assert.match((await tree.cli('run', 'job')).stdout, new RegExp(`^${nobody} yes /nonexistent 1\\n$`))
    assert.match((await tree.cli('run', 'other-job')).stdout, /^0 yes \/root 2\n$/)
    assert.match((await tree.cli('run', 'job')).stdout, / 3\n$/)
  },
)

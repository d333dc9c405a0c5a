import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { countCpus, type Machine } from './cpu-count.ts'

const machine = (parallelism: number, files: Readonly<Record<string, string>>): Machine => ({
  parallelism,
  readFile: path => files[path],
})

describe('the number of processors', () => {
  it('is the number of cores without a quota', () => {
    assert.equal(countCpus(machine(8, {})), 8)
    const files = { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': 'max 100000\n' }
    assert.equal(countCpus(machine(8, files)), 8)
  })

  it('is capped by the quota of the control group, rounded down', () => {
    const files = { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': '250000 100000\n' }
    assert.equal(countCpus(machine(8, files)), 2)
    assert.equal(countCpus(machine(1, files)), 1)
  })

  it('is at least 1, however small the quota is', () => {
    const files = { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': '10000 100000\n' }
    assert.equal(countCpus(machine(8, files)), 1)
  })

  it('is capped by the quota of a group above, too', () => {
    const files = {
      '/proc/self/cgroup': '0::/system.slice/shop.service\n',
      '/sys/fs/cgroup/system.slice/shop.service/cpu.max': 'max 100000\n',
      '/sys/fs/cgroup/system.slice/cpu.max': '300000 100000\n',
    }
    assert.equal(countCpus(machine(8, files)), 3)
  })

  it('is capped by the quota of version 1', () => {
    const files = {
      '/proc/self/cgroup': '5:memory:/docker/abc\n4:cpu,cpuacct:/docker/abc\n',
      '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '400000\n',
      '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
    }
    assert.equal(countCpus(machine(8, files)), 4)
    assert.equal(countCpus(machine(8, { ...files, '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1\n' })), 8)
  })
})

// node:cluster as its documentation shows it; its default scheduling is round-robin.
import cluster from 'node:cluster'

if (cluster.isPrimary) for (let i = 0; i < Number(process.env.WORKERS); i++) cluster.fork()
else await import('./plain.mjs')

// One configuration for every test: tests sit beside the code; `*.local.test.ts` open sockets and so run
// one file at a time, because they share two cores and the run registry.
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['{gateway,topologies,scenarios,reports,scripts}/**/*.test.ts'],
    testTimeout: 20_000,
    hookTimeout: 30_000,
    pool: 'forks',
    fileParallelism: false,
  },
})

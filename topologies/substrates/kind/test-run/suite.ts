// A suite as one file, because a ConfigMap is mounted flat and suites import their library. The load stands in the
// text: k6 knows no environment when it only inspects a suite, and variables have limits that loads can outgrow.

import { topologyError } from '../../../errors.ts'
import type { LoadSpec } from '../../../substrate.ts'

/** First field of the line that a bundled suite ends with; the rest is as `--summary-export` has it, counts only. */
export const summaryMark = 'summary'

/** JavaScript that k6 runs as it is. Throws RGT_TEST_RUN when the load has no suite, RGT_K6_SCRIPT when it cannot be bundled. */
export async function bundleSuite(load: LoadSpec, parallelism: number): Promise<string> {
  const { suite, ...told } = load
  if (suite === undefined) {
    throw topologyError('RGT_TEST_RUN', `load ${load.name} has no suite for k6`, { expected: 'the path of a suite in `suite`' })
  }
  const { build } = await import('esbuild')
  try {
    const { outputFiles: [file] } = await build({
      stdin: { contents: wrapped(suite), resolveDir: '/', sourcefile: `${load.name}.entry.js`, loader: 'js' },
      bundle: true, write: false, format: 'esm', platform: 'neutral', target: 'es2020', charset: 'utf8', logLevel: 'silent',
      external: ['k6', 'k6/*', 'https://*'],
      define: { '__ENV.REGATTA_LOAD': JSON.stringify(JSON.stringify(told)), '__ENV.REGATTA_RUNNERS': JSON.stringify(String(parallelism)) },
    })
    return file.text
  } catch (cause) {
    throw topologyError('RGT_K6_SCRIPT', `the k6 suite of load ${load.name} cannot be bundled`, { found: (cause as Error).message, cause })
  }
}

/** The suite, and its counts on standard output at the end: a pod leaves no files behind. */
function wrapped(suite: string): string {
  const from = JSON.stringify(suite)
  return `export * from ${from}
export { default } from ${from}
export function handleSummary({ metrics }) {
  const count = (name) => ({ count: metrics[name]?.values.count ?? 0 })
  const counts = { iterations: count('iterations'), dropped_iterations: count('dropped_iterations') }
  return { stdout: '\\n${summaryMark}\\t' + JSON.stringify({ metrics: counts }) + '\\n' }
}
`
}

// How a command ends: exit codes are API, and every error that reaches the top is told with its code, its
// place and its hint.

import { CodedError, CodedErrors } from '../gateway/errors.ts'
import { ExitCode } from '../scenarios/verdict.ts'

/**
 * Codes by which somebody is told to mend what they wrote or named: these end with 3. Whatever else goes wrong lies
 * with the substrate or a tool and ends with 4. `docs/errors.md` shows both, and a test looks for codes that no room has.
 */
export const badInputCodes: ReadonlySet<string> = new Set([
  'RGT_CONFIG_SYNTAX', 'RGT_CONFIG_SCHEMA', 'RGT_CONFIG_REFERENCE', 'RGT_CONFIG_CONFLICT',
  'RGT_DRIVER_UNKNOWN',
  'RGT_TOPOLOGY_UNKNOWN', 'RGT_TOPOLOGY_SCHEMA', 'RGT_TOPOLOGY_REFERENCE',
  'RGT_TOOL_UNKNOWN', 'RGT_SUBSTRATE_UNKNOWN', 'RGT_HISTORY_FORMAT',
  'RGT_SCENARIO_UNKNOWN', 'RGT_SCENARIO_SYNTAX', 'RGT_SCENARIO_SCHEMA', 'RGT_SCENARIO_REFERENCE', 'RGT_SCENARIO_TIMELINE',
  'RGT_THRESHOLD_SYNTAX', 'RGT_THRESHOLD_METRIC', 'RGT_LOAD_KIND', 'RGT_RUN_FOLDER',
  'RGT_MODEL_FILE', 'RGT_MODEL_SYNTAX', 'RGT_MODEL_SCHEMA', 'RGT_CALIBRATION_RUN', 'RGT_CALIBRATION_SAMPLES',
  'RGT_SWEEP_UNKNOWN', 'RGT_SWEEP_SYNTAX', 'RGT_SWEEP_SCHEMA', 'RGT_SWEEP_AXIS', 'RGT_SWEEP_GRID', 'RGT_SWEEP_FOLDER',
  'RGT_SEARCH_SUBSTRATE', 'RGT_SEARCH_RESULT', 'RGT_SEARCH_MERGE', 'RGT_SEARCH_MANIFEST', 'RGT_COMPARE_RUNS',
  'RGT_COMMAND_USAGE', 'RGT_COMMAND_REFUSED', 'RGT_COMMAND_FILE', 'RGT_COMMAND_WRITE',
])

export function exitCodeOf(error: unknown): number {
  return error instanceof CodedError && badInputCodes.has(error.code) ? ExitCode.badInput : ExitCode.toolFailed
}

/** Tells an error on standard error: for people, or as JSON documents `{"error": {code, message, …}}`, one a line. */
export function tell(error: unknown, json: boolean): void {
  const problems = error instanceof CodedErrors && error.errors.length > 0 ? error.errors : [error]
  process.stderr.write(problems.map((problem) => `${json ? JSON.stringify({ error: documentOf(problem) }) : textOf(problem)}\n`).join(''))
}

function documentOf(error: unknown): Record<string, unknown> {
  return error instanceof CodedError ? error.toJSON() : { code: 'RGT_DEFECT', message: String(error) }
}

/** What is not coded is a defect of this program: its stack is what its maintainers need. */
function textOf(error: unknown): string {
  if (error instanceof CodedError) return String(error)
  return `RGT_DEFECT: ${(error as Error | null)?.stack ?? String(error)}`
}

/** Over repeats the worst by 130 > 4 > 3 > 1 > 2 > 0. */
export function worst(codes: readonly number[]): number {
  const order: readonly number[] = [
    ExitCode.interrupted, ExitCode.toolFailed, ExitCode.badInput, ExitCode.fail, ExitCode.inconclusive, ExitCode.pass,
  ]
  return order.find((code) => codes.includes(code)) ?? ExitCode.pass
}

/**
 * Ends this process when everything written has gone out: a pipe takes it piece by piece, and a timer or socket
 * that somebody forgot must not hold a finished command.
 */
export async function endProcess(code: number): Promise<never> {
  for (const stream of [process.stdout, process.stderr]) {
    await new Promise<void>((resolve) => stream.write('', () => resolve()))
  }
  process.exit(code)
}

/** A reader that went away (`regatta validate | head -1`) is no reason to leave a topology behind: go on in silence. */
export function outliveReaders(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
    })
  }
}

/** Aborts on the first Ctrl-C or SIGTERM; whoever listens then does as `then` says. A third one ends at once. */
export function interruptible(then = 'healing and tearing down …'): { signal: AbortSignal; done(): void } {
  const controller = new AbortController()
  let count = 0
  const interrupt = (): void => {
    count++
    if (count === 1) {
      process.stderr.write(`\ninterrupted: ${then}\n`)
      controller.abort(new Error('interrupted'))
    } else if (count === 2) {
      process.stderr.write('still tearing down; once more ends at once and leaves the cleaning to the next start\n')
    } else {
      process.exit(ExitCode.interrupted)
    }
  }
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt)
  return {
    signal: controller.signal,
    done: () => void process.off('SIGINT', interrupt).off('SIGTERM', interrupt),
  }
}

/** An action that Ctrl-C aborts; what it throws because of that ends with 130. */
export async function untilInterrupted(action: (signal: AbortSignal) => Promise<number>): Promise<number> {
  const { signal, done } = interruptible()
  try {
    return await action(signal)
  } catch (error) {
    if (signal.aborted) return ExitCode.interrupted
    throw error
  } finally {
    done()
  }
}

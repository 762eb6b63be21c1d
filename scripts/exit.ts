// How a command ends: exit codes are API, and every error that reaches the top is told with its code, its
// place and its hint.

import { CodedError } from '../gateway/errors.ts'
import { ExitCode } from '../scenarios/verdict.ts'

/** Codes of bad input end with 3; all else that goes wrong is the substrate or a tool: 4. */
const badInput = /^RGT_(CONFIG|SCENARIO|TOPOLOGY|THRESHOLD|COMMAND|FAULT|LOAD|RUN_FOLDER|PLAN)/

export function exitCodeOf(error: unknown): number {
  if (error instanceof CodedError) return badInput.test(error.code) ? ExitCode.badInput : ExitCode.toolFailed
  return ExitCode.toolFailed
}

/** Tells an error on standard error, or as one JSON document when a script reads. */
export function tell(error: unknown, json: boolean): void {
  if (json) {
    const document = error instanceof CodedError ? error.toJSON() : { code: 'RGT_UNEXPECTED', message: String(error) }
    process.stderr.write(`${JSON.stringify({ error: document })}\n`)
    return
  }
  const text = error instanceof CodedError ? String(error) : (error as Error)?.stack ?? String(error)
  process.stderr.write(`${text}\n`)
}

/** Over repeats the worst by 130 > 4 > 1 > 2 > 0. */
export function worst(codes: readonly number[]): number {
  const order: readonly number[] = [ExitCode.interrupted, ExitCode.toolFailed, ExitCode.fail, ExitCode.inconclusive, ExitCode.pass]
  return order.find((code) => codes.includes(code)) ?? ExitCode.pass
}

/** Aborts on the first Ctrl-C or SIGTERM; the run then heals and tears down. A third one ends at once. */
export function interruptible(): { signal: AbortSignal; done(): void } {
  const controller = new AbortController()
  let count = 0
  const interrupt = (): void => {
    count++
    if (count === 1) {
      process.stderr.write('\ninterrupted: healing and tearing down …\n')
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

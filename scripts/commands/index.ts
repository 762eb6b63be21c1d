// The verbs of the command line, in the order in which help shows them.

import type { Command } from './command.ts'
import { calibrateCommand } from './calibrate.ts'
import { compareCommand } from './compare.ts'
import { completionCommand } from './completion.ts'
import { downCommand } from './down.ts'
import { initCommand } from './init.ts'
import { injectCommand } from './inject.ts'
import { judgeCommand } from './judge.ts'
import { mustFailCommand } from './must-fail.ts'
import { parityCommand } from './parity.ts'
import { reportCommand } from './report.ts'
import { runCommand } from './run.ts'
import { searchCommand } from './search.ts'
import { sweepCommand } from './sweep.ts'
import { telemetryCommand } from './telemetry.ts'
import { toolsCommand } from './tools.ts'
import { upCommand } from './up.ts'
import { validateCommand } from './validate.ts'

export const commands: readonly Command[] = [
  runCommand, validateCommand, initCommand, judgeCommand, reportCommand, searchCommand, sweepCommand, calibrateCommand, parityCommand, compareCommand, upCommand, injectCommand,
  downCommand, telemetryCommand, toolsCommand, mustFailCommand, completionCommand,
]

// The command line as a process. Verbs live in commands/, one file each; program.ts puts them together.

import { outliveReaders, endProcess } from './exit.ts'
import { runProgram } from './program.ts'

outliveReaders()
await endProcess(await runProgram(process.argv.slice(2)))

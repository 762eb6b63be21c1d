// The command line as a process. Verbs live in commands/, one file each; program.ts puts them together. What Node
// makes of the TypeScript is kept in node_modules/.cache, which saves half of the start; that needs to be set before the import.

import { enableCompileCache } from 'node:module'
import { join } from 'node:path'
import { projectRoot } from './environment.ts'
import { endProcess, outliveReaders } from './exit.ts'

outliveReaders()
enableCompileCache(join(projectRoot, 'node_modules', '.cache', 'regatta'))
const { runProgram } = await import('./program.ts')
await endProcess(await runProgram(process.argv.slice(2)))

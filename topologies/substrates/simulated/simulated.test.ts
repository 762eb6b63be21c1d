// The contract suite of substrates, in virtual time.

import { substrateContract } from '../../substrate.case.ts'
import { simulatedSubstrate } from './simulated.ts'

substrateContract('simulated', simulatedSubstrate)

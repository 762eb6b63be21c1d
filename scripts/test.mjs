#!/usr/bin/env node
// `npm test`, runnable by any Node from 20 on.
import { handOver } from './bootstrap.mjs'

handOver('scripts/test.ts', process.argv.slice(2))

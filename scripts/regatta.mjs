#!/usr/bin/env node
// `regatta`, runnable by any Node from 20 on.
import { handOver } from './bootstrap.mjs'

handOver('scripts/regatta.ts', process.argv.slice(2))

// Whether packets can be lost: netem is a part of the kernel that not every kernel has. What this machine says is believed
// until a node was asked, because on some machines the nodes' kernel is another one, in a virtual machine.

import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { release } from 'node:os'
import { join } from 'node:path'
import type { Capabilities } from '../../primitives.ts'

export interface KernelPlaces { platform: NodeJS.Platform; sys: string; modules: string }

const here = (): KernelPlaces => ({ platform: process.platform, sys: '/sys/module', modules: join('/lib/modules', release()) })

/** Loaded, built in, or to be had as a module; true where this machine's kernel is not that of the nodes. */
export function kernelMayLose({ platform, sys, modules }: KernelPlaces = here()): boolean {
  if (platform !== 'linux') return true
  if (existsSync(sys) && readdirSync(sys).includes('sch_netem')) return true
  return ['modules.builtin', 'modules.dep'].some((name) => existsSync(join(modules, name)) && readFileSync(join(modules, name), 'utf8').includes('sch_netem'))
}

export function withoutLoss(capabilities: Capabilities): Capabilities {
  return { ...capabilities, loss: { supported: false, how: 'the kernel of the nodes has no netem (sch_netem)', symptom: 'none' } }
}

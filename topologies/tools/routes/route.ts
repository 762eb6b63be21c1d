// The port of a route: put the binary into a scratch folder, or say why not.

import type { Platform, Route, Tool } from '../tool.ts'

export interface Job {
  tool: Tool
  platform: Platform
  /** An empty folder of this attempt alone; removed afterwards. */
  scratch: string
  /** PATH in which programs that a route needs are looked up. */
  path: string
  /** Where official releases are downloaded from; tests put a server of their own here. */
  releaseOrigin: string
  answerWithinMs: number
  signal?: AbortSignal
  progress(text: string): void
}

/** Resolves to the path of the binary inside the scratch folder. Rejects with a message that says why this way is closed. */
export type TakeRoute<Kind extends Route['kind']> = (route: Extract<Route, { kind: Kind }>, job: Job) => Promise<string>

// Every way to have a tool.

import type { Route } from '../tool.ts'
import { takeGo } from './go.ts'
import { takeImage } from './image.ts'
import { takeOcb } from './ocb.ts'
import { takeRelease } from './release.ts'
import type { Job, TakeRoute } from './route.ts'
import { takeWheel } from './wheel.ts'

const routes: { [Kind in Route['kind']]: TakeRoute<Kind> } = {
  release: takeRelease,
  go: takeGo,
  ocb: takeOcb,
  wheel: takeWheel,
  image: takeImage,
}

export function take(route: Route, job: Job): Promise<string> {
  return (routes[route.kind] as TakeRoute<Route['kind']>)(route, job)
}

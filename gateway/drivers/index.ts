// Gateways under test. Kind name = file name = registry key; `--gateway envoy` is Envoy tuned, `envoy:default` is
// Envoy as it comes.

import { nearest } from '../config/shape.ts'
import { gatewayError } from '../errors.ts'
import type { Driver, Tuning } from './driver.ts'
import { envoy } from './envoy.ts'
import { haproxy } from './haproxy.ts'
import { nginx } from './nginx.ts'
import { reference } from './reference.ts'

export const drivers = { reference, envoy, haproxy, nginx } as const satisfies Record<string, Driver>

/** Every name that `--gateway` takes. */
export const gatewayNames: readonly string[] = Object.values<Driver>(drivers).flatMap(({ kind, tunings }) =>
  tunings.length === 1 ? [kind] : [kind, ...tunings.map((tuning) => `${kind}:${tuning}`)])

export interface GatewayChoice { driver: Driver; tuning: Tuning }

/** `envoy`, `envoy:tuned`, `envoy:default`. Throws RGT_DRIVER_UNKNOWN with the nearest name. */
export function findGateway(name: string): GatewayChoice {
  const [kind, tuning] = name.split(':')
  if (gatewayNames.includes(name)) {
    const driver: Driver = drivers[kind as keyof typeof drivers]
    return { driver, tuning: (tuning as Tuning | undefined) ?? driver.tunings[0] }
  }
  const near = nearest(name, gatewayNames)
  throw gatewayError('RGT_DRIVER_UNKNOWN', `no gateway is called ${name}`, {
    expected: gatewayNames.join(', '), found: name, ...(near === undefined ? {} : { hint: `did you mean \`${near}\`?` }),
  })
}

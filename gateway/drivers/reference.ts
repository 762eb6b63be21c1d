// This project's own gateway, started from a snapshot on disk as when no control plane answers: for benchmarks and
// for comparison with products that know no control plane of ours.

import { encodeLastGood } from '../controlplane/last-good.ts'
import { defaultLimits, header, type GatewayBootstrap } from '../dataplane/bootstrap.ts'
import { gatewayError } from '../errors.ts'
import { features, type Driver } from './driver.ts'

export const reference: Driver = {
  kind: 'reference',
  description: 'the gateway of this project',
  tool: null,
  tunings: ['tuned'],
  features,
  render(snapshot, { listen, stateDir, token, seed }) {
    if (token === null) {
      throw gatewayError('RGT_DRIVER_UNSUPPORTED', 'the reference gateway has control ports, which need a token', { expected: 'a token', found: 'none' })
    }
    const { name, role, region } = snapshot.gateway
    const bootstrap: GatewayBootstrap = {
      name, role, region, listen, stateDir, seed, token, controlPlanes: [], limits: defaultLimits, attemptLog: false,
    }
    return {
      files: { 'bootstrap.json': JSON.stringify(bootstrap), 'snapshot.json': encodeLastGood(snapshot) },
      argv: [`${stateDir}/bootstrap.json`],
      readiness: { address: listen.admin, path: '/readyz', headers: { [header.token]: token } },
      metrics: { address: listen.admin, path: '/metrics', headers: { [header.token]: token }, format: 'prometheus' },
      limits: [],
    }
  },
}

// No mesh: gateways reach services straight. It is an entry of the registry, so that comparisons have a name for it.

import type { Mesh } from './mesh.ts'

export const none: Mesh = {
  name: 'none',
  description: 'no mesh: gateways reach the services of their region straight',
  settings: {},
  on: {
    local: { supported: true, how: 'nothing runs beside the gateways' },
    simulated: { supported: true, how: 'nothing runs beside the gateways' },
    kind: { supported: true, how: 'nothing runs beside the gateways' },
  },
}

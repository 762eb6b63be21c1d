// No mesh: gateways reach services straight. It is an entry of the registry, so that comparisons have a name for it.

import type { Mesh } from './mesh.ts'

const alone = { supported: true, how: 'nothing runs beside the gateways', ran: 'every drill' } as const

export const none: Mesh = {
  name: 'none',
  description: 'no mesh: gateways reach the services of their region straight',
  settings: {},
  on: {
    local: alone,
    simulated: alone,
    kind: alone,
  },
}

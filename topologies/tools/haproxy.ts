// HAProxy is a gateway to compare with. It is found, not fetched: every system packages it.

import type { Tool } from './tool.ts'

export const haproxy: Tool = {
  name: 'haproxy',
  purpose: 'a gateway to compare with',
  binary: 'haproxy',
  version: null,
  minimum: '2.4.0',
  probe: { args: ['-v'], pattern: /version (\d+\.\d+\.\d+)/ },
  routes: [],
  hint: 'a package of your system brings it: haproxy',
}

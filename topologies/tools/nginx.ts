// nginx is a gateway to compare with. It is found, not fetched: every system packages it.

import type { Tool } from './tool.ts'

export const nginx: Tool = {
  name: 'nginx',
  purpose: 'a gateway to compare with',
  binary: 'nginx',
  version: null,
  minimum: '1.19.5',
  probe: { args: ['-v'], pattern: /nginx\/(\d+\.\d+\.\d+)/ },
  routes: [],
  hint: 'a package of your system brings it: nginx',
}

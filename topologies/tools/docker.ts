// docker runs the containers of the kind substrate, and kind speaks to it. It is found, not fetched: it is a command of a
// daemon that belongs to the machine.

import type { Tool } from './tool.ts'

export const docker: Tool = {
  name: 'docker',
  purpose: 'runs edges, the fault proxy and the nodes of the kind substrate',
  binary: 'docker',
  version: null,
  // 20.10 brought `--pull never` for containers that are made.
  minimum: '20.10.0',
  probe: { args: ['--version'], pattern: /Docker version (\d+\.\d+\.\d+)/ },
  routes: [],
  hint: 'see docs.docker.com, Install Docker Engine',
}

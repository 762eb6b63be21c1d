// Addresses and listed names, and nothing that a browser could be brought to send.

import { expect, test } from 'vitest'
import { isOwnHost } from './hosts.ts'

const names = ['control-plane.regatta-system.svc.cluster.local']

test.for(['127.0.0.1', '127.0.0.1:80', '10.244.0.7:9090', '[::1]', '[fd00::1]:9090', 'localhost', 'LOCALHOST:1', `${names[0]}:9091`])('%s', (host) => {
  expect(isOwnHost(host, names)).toBe(true)
})

test.for([undefined, '', 'evil.test', 'evil.test:80', '127.0.0.1.evil.test', '[evil]:1', '::1', '127.0.0.1:80:80', '10.1', 'x.svc.cluster.local', ' localhost'])('not %s', (host) => {
  expect(isOwnHost(host, names)).toBe(false)
})

// A small configuration and world that the tests of this folder share.

import type { Snapshot } from '../snapshot/snapshot.ts'
import { planeCompiler } from './compiler.ts'
import { replaceDocuments } from './documents.ts'
import type { ConfigDocument, Discovery } from './protocol.ts'

const regions = ['ap-south', 'eu-west', 'us-east']

export const discovery: Discovery = {
  regions: [{ name: 'eu-west', jurisdiction: 'EU' }, { name: 'us-east', jurisdiction: 'US' }, { name: 'ap-south', jurisdiction: 'IN' }],
  endpoints: { 'shop/catalog:8080': Object.fromEntries(regions.map((region) => [region, [{ host: '127.0.0.1', port: 9 }]])) },
  links: Object.fromEntries(['frankfurt', ...regions].map((gateway) => [
    gateway, Object.fromEntries(regions.map((region) => [region, { addresses: [{ host: '127.0.0.1', port: 10 }], rttMs: 80 }])),
  ])),
}

export function route(name: string, path: string, timeoutS = 3): ConfigDocument {
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name, namespace: 'shop' },
    spec: {
      parentRefs: [{ name: 'shop' }],
      rules: [{ matches: [{ path: { type: 'PathPrefix', value: path } }], timeouts: { request: `${timeoutS}s` }, backendRefs: [{ name: 'catalog', port: 8080 }] }],
    },
  }
}

/** The configuration; its one route's timeout tells revisions apart. */
export function shop(timeoutS: number): ConfigDocument[] {
  return [route('catalog', '/catalog', timeoutS), {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'Gateway',
    metadata: { name: 'shop', namespace: 'shop' },
    spec: { gatewayClassName: 'regatta', listeners: [{ name: 'http', protocol: 'HTTP', port: 80 }] },
  }]
}

/** The snapshot of a region's gateway for `documents`, by default the shop's. */
export function compiled(region: string, revision: number, documents: readonly ConfigDocument[] = shop(revision)): Snapshot {
  return planeCompiler(discovery).prepare(replaceDocuments(new Map(), documents)).compile({ name: region, role: 'region', region }, revision)
}

// From a kubeconfig to what a request needs: the server's address, its headers, and a pool of connections that trusts
// and proves what the file says. The file's language (tokens, certificates, programs that log in) is client-node's;
// the connections are ours, because client-node makes a new pool for every request and so a new handshake.

import { readFileSync } from 'node:fs'
import type { RequestOptions } from 'node:https'
import { Agent, ProxyAgent, type Dispatcher } from 'undici'
import { topologyError } from '../../../errors.ts'

export interface ClusterAccess {
  context: string
  /** Without a slash at its end. */
  server: string
  dispatcher: Dispatcher
  /** Asked again when the server says 401: programs that log in hand out tokens that expire. */
  headers(): Promise<Record<string, string>>
}

export interface KubeconfigChoice {
  kubeconfig: string
  /** The file's current context when absent. */
  context?: string
}

/** A connection is made within this, or the server counts as silent, milliseconds. */
const connectMs = 5_000

/** Throws RGT_KUBECONFIG. */
export async function readKubeconfig({ kubeconfig, context }: KubeconfigChoice): Promise<ClusterAccess> {
  const place = { file: kubeconfig }
  const refuse = (message: string, details: { expected?: string; found?: string; hint: string; cause?: unknown }): Error =>
    topologyError('RGT_KUBECONFIG', message, { place, ...details })
  try {
    readFileSync(kubeconfig)
  } catch (cause) {
    throw refuse('the kubeconfig cannot be read', { found: String(cause), hint: 'name an existing file, or set KUBECONFIG', cause })
  }
  const { KubeConfig } = await import('@kubernetes/client-node')
  const config = new KubeConfig()
  try {
    config.loadFromFile(kubeconfig)
  } catch (cause) {
    throw refuse('the file is not a kubeconfig', {
      expected: 'YAML with clusters, users and contexts', found: String(cause), hint: '`kubectl config view` shows what kubectl makes of it', cause,
    })
  }
  const names = config.getContexts().map(({ name }) => name)
  const expected = names.length === 0 ? 'a context; the file has none' : `one of ${names.join(', ')}`
  const chosen = context ?? config.getCurrentContext()
  if (chosen === undefined || chosen === '' || !names.includes(chosen)) {
    throw refuse(chosen ? `there is no context ${chosen}` : 'no context was asked for, and the file has no current one', {
      expected, found: chosen || 'none', hint: '`kubectl config get-contexts` lists them',
    })
  }
  config.setCurrentContext(chosen)
  const cluster = config.getCurrentCluster()
  if (cluster === null) {
    throw refuse(`context ${chosen} names a cluster that the file does not have`, { found: config.getContextObject(chosen)!.cluster, hint: 'mend the context' })
  }
  const secrets = async (): Promise<RequestOptions> => {
    const options: RequestOptions = {}
    try {
      await config.applyToHTTPSOptions(options)
    } catch (cause) {
      throw refuse(`the credentials of context ${chosen} cannot be had`, { found: String(cause), hint: `does \`kubectl --context ${chosen} version\` work?`, cause })
    }
    return options
  }
  return {
    context: chosen,
    server: cluster.server.replace(/\/+$/, ''),
    dispatcher: connections(await secrets(), cluster.proxyUrl, refuse),
    async headers() {
      const { headers, auth } = await secrets()
      const given = headers as Record<string, string> | undefined
      return typeof auth === 'string' ? { ...given, authorization: `Basic ${Buffer.from(auth).toString('base64')}` } : { ...given }
    },
  }
}

function connections(
  { ca, cert, key, pfx, passphrase, rejectUnauthorized, servername }: RequestOptions, proxyUrl: string | undefined,
  refuse: (message: string, details: { expected: string; found: string; hint: string }) => Error,
): Dispatcher {
  const given = Object.entries({ ca, cert, key, pfx, passphrase, rejectUnauthorized, servername }).filter(([, value]) => value !== undefined)
  const tls = { ...Object.fromEntries(given), timeout: connectMs }
  // A stream a pod and some calls beside it: with HTTP/1.1 none of them waits for another one's window.
  const options = { allowH2: false, pipelining: 1 }
  if (proxyUrl === undefined) return new Agent({ ...options, connect: tls })
  if (!/^https?:/.test(proxyUrl)) {
    throw refuse('the proxy of the cluster is of a kind that is not spoken here', { expected: 'http:// or https://', found: proxyUrl, hint: 'use an HTTP proxy' })
  }
  return new ProxyAgent({ ...options, uri: proxyUrl, requestTls: tls })
}

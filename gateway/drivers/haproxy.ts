// HAProxy: one frontend whose rules are asked in order, one backend a pool, regions after the first as backup servers
// (of which only the first that is up is used, in the order of their distance).

import { header } from '../dataplane/bootstrap.ts'
import type { SnapshotMatch } from '../snapshot/snapshot.ts'
import type { Driver, RenderContext } from './driver.ts'
import { checkPath, checkTimeoutMs, idempotentMethods, planRender, type PlannedRule, type Pool } from './plan.ts'
import { sayable } from './sayable.ts'

const checkIntervalMs = 250
/** Between the first missed check and the one that decides. */
const doubtMs = 20
const serverMs = 1000
const connectMs = 300
/** HAProxy has no timeouts of its own and warns without: those of its manual's first example. */
const manual = { connectMs: 5_000, clientMs: 50_000, serverMs: 50_000 }

export const haproxy: Driver = {
  kind: 'haproxy',
  description: 'HAProxy, regions after the nearest as backup servers',
  tool: 'haproxy',
  tunings: ['tuned', 'default'],
  features: ['path-regex', 'method', 'header', 'query'],
  render(snapshot, context) {
    const { hosts, pools } = planRender(haproxy, snapshot, context)
    const lines = [
      'global', '  nbthread 1', '  hard-stop-after 2s',
      'defaults', '  mode http', `  timeout connect ${context.tuning === 'tuned' ? connectMs : manual.connectMs}ms`,
      `  timeout client ${manual.clientMs}ms`, `  timeout server ${manual.serverMs}ms`,
      'frontend admin', `  bind ${context.listen.admin.host}:${context.listen.admin.port}`, '  monitor-uri /readyz', '  stats enable', '  stats uri /stats',
      ...frontend(hosts, context),
      ...pools.flatMap((pool) => backend(pool, snapshot.gateway.name, context)),
      ...refusing('RGT_RESIDENCY', 503), ...refusing('RGT_NO_HEALTHY_TARGET', 503), ...refusing('RGT_NO_ROUTE', 404),
    ]
    return {
      files: { 'haproxy.cfg': `${lines.join('\n')}\n` },
      argv: ['-f', `${context.stateDir}/haproxy.cfg`, '-db'],
      readiness: { address: context.listen.admin, path: '/readyz' },
      metrics: { address: context.listen.admin, path: '/stats;csv', format: 'csv' },
      limits: ['reports no decision time and no attempts', 'a request has no time limit of its own: the silence of a server is limited instead'],
    }
  },
}

function frontend(hosts: { host: string; rules: PlannedRule[] }[], { listen, token }: RenderContext): string[] {
  return [
    'frontend ingress', `  bind ${listen.ingress.host}:${listen.ingress.port}`,
    '  http-request set-var(txn.host) req.hdr(host),field(1,:),lower',
    // With a slash behind, one comparison of prefixes goes by whole elements.
    '  http-request set-var(txn.slashed) path,concat(/)',
    ...(token === null ? [] : [
      `  http-request set-var(txn.pin) req.hdr(${header.pin}) if { req.hdr(${header.token}) -m str -- ${quote(token)} }`,
      `  http-request del-header ${header.pin}`, `  http-request del-header ${header.token}`,
    ]),
    ...hosts.flatMap(({ host, rules }) => rules.flatMap((rule) => {
      const condition = [hostIs(host), ...conditions(rule.match)].filter((part) => part !== '').join(' ')
      return [
        ...rule.pins.map(({ region, pool }) => `  use_backend ${pool.name} if { var(txn.pin) -m str -- ${quote(region)} } ${condition}`),
        `  use_backend ${rule.refusal ?? rule.pools[0].pool.name}${condition === '' ? '' : ` if ${condition}`}`,
      ]
    })),
    '  default_backend RGT_NO_ROUTE',
  ]
}

function hostIs(host: string): string {
  if (host === '') return ''
  return `{ var(txn.host) -m ${host.startsWith('.') ? 'end' : 'str'} -- ${quote(host)} }`
}

function conditions({ path, method, headers, query }: SnapshotMatch): string[] {
  const value = (sample: string, type: 'Exact' | 'RegularExpression', wanted: string): string =>
    (type === 'Exact' ? `{ ${sample} -m str -- ${quote(wanted)} }` : `{ ${sample} -m reg -- ${quote(`^(?:${wanted})$`)} }`)
  const prefix = path.value.replace(/\/+$/, '')
  return [
    path.type === 'PathPrefix' ? (prefix === '' ? '' : `{ var(txn.slashed) -m beg -- ${quote(`${prefix}/`)} }`) : value('path', path.type, path.value),
    method === null ? '' : `{ method ${method} }`,
    ...headers.map((one) => value(`req.fhdr(${sayable('haproxy', one.name)})`, one.type, one.value)),
    ...query.map((one) => value(`url_param(${sayable('haproxy', one.name)})`, one.type, one.value)),
  ]
}

function backend(pool: Pool, gateway: string, { tuning }: RenderContext): string[] {
  const tuned = tuning === 'tuned'
  const { requestMs, attemptMs } = pool
  const limits = [requestMs, attemptMs, tuned && pool.failover ? serverMs : 0].filter((ms) => ms > 0)
  return [
    `backend ${pool.name}`,
    `  http-request set-header ${header.hop} ${quote(gateway)}`,
    ...(limits.length === 0 ? [] : [`  timeout server ${Math.min(...limits)}ms`]),
    ...(pool.failover ? health(pool, tuned) : ['  retries 0']),
    ...pool.targets.map(({ name, host, port, tier }) =>
      `  server ${name} ${host}:${port}${pool.failover ? ' check' : ''}${pool.failover && tier > 0 ? ' backup' : ''}`),
  ]
}

/** A check that only connects sees nothing wrong with a frozen region, so even untuned it asks for a page. */
function health(pool: Pool, tuned: boolean): string[] {
  const asked = ['  option httpchk', `  http-check send meth GET uri ${checkPath(pool)} ver HTTP/1.1 hdr host regatta`, '  http-check expect status 200',
    // A region that is up may still be unable to serve this service at home, and says so.
    ...(pool.kind === 'link' ? [`  http-check expect ! hdr name -m str ${header.unavailable} value -m sub ${quote(pool.service)}`] : [])]
  if (!tuned) return asked
  return [
    ...asked, `  timeout check ${checkTimeoutMs(pool)}ms`, `  default-server inter ${checkIntervalMs}ms fastinter ${doubtMs}ms fall 2 rise 2`,
    `  retries ${pool.attempts - 1}`, '  option redispatch 1', '  retry-on all-retryable-errors',
    `  http-request disable-l7-retry unless { method ${idempotentMethods.join(' ')} }`,
  ]
}

function refusing(code: string, status: number): string[] {
  return [`backend ${code}`, `  http-request return status ${status} content-type application/json string '{"code":"${code}"}' hdr ${header.reason} ${code}`]
}

/** Strong quotes: everything is literal but the quote itself. */
function quote(text: string): string {
  return `'${sayable('haproxy', text).replaceAll("'", String.raw`'\''`)}'`
}

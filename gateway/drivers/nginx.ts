// nginx: one server a hostname, one location a path, one upstream a pool. It knows two tiers only: the nearest region,
// and all others as equal backups.

import { header } from '../dataplane/bootstrap.ts'
import type { Driver, RenderContext } from './driver.ts'
import { planRender, type PlannedRule, type Pool } from './plan.ts'
import { sayable } from './sayable.ts'

const connectMs = 300
const silenceMs = 300

export const nginx: Driver = {
  kind: 'nginx',
  description: 'nginx, open source: passive health only, regions after the nearest as backups',
  tool: 'nginx',
  tunings: ['tuned', 'default'],
  features: [],
  render(snapshot, context) {
    const { hosts, pools } = planRender(nginx, snapshot, context)
    const { listen, stateDir } = context
    const pinned = [...new Map(hosts.flatMap(({ rules }) => rules).filter(({ refusal }) => refusal === null)
      .map((rule) => [rule.pools[0].pool.name, rule])).values()]
    const lines = [
      // One process: it is one core that is compared, and one process that ends with its run.
      'daemon off;', 'master_process off;', 'pid nginx.pid;', 'error_log stderr warn;',
      'events { worker_connections 8192; }',
      'http {',
      '  access_log off;', '  server_tokens off;', '  map_hash_bucket_size 512;', '  server_names_hash_bucket_size 512;',
      ...['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `  ${name}_temp_path ${name}_temp;`),
      ...(context.tuning === 'tuned' ? ['  keepalive_requests 1000000;'] : []),
      ...pools.filter(({ targets }) => targets.length > 0).flatMap((pool) => upstream(pool, context)),
      ...pinned.flatMap((rule) => pinMap(rule, context)),
      `  server { listen ${listen.admin.host}:${listen.admin.port}; location = /readyz { return 200 "ready\\n"; } }`,
      `  server { listen ${listen.ingress.host}:${listen.ingress.port} default_server; return 404; }`,
      ...hosts.flatMap(({ host, rules }) => server(host, rules, snapshot.gateway.name, context)),
      '}',
    ]
    return {
      files: { 'nginx.conf': `${lines.join('\n')}\n` },
      argv: ['-p', `${stateDir}/`, '-c', `${stateDir}/nginx.conf`, '-e', 'stderr'],
      readiness: { address: listen.admin, path: '/readyz' },
      metrics: null,
      limits: [
        'reports no decision time and no attempts', 'no active checks: those are not in open-source nginx',
        'regions after the nearest are equal backups', 'a request has no time limit of its own: the silence of an upstream is limited instead',
      ],
    }
  },
}

const word = (text: string): string => sayable('nginx', text, /^[\w.\-~:/%@!+,=*]*$/)

function upstream({ name, targets, failover }: Pool, { tuning }: RenderContext): string[] {
  const settings = !failover ? ' max_fails=0' : tuning === 'tuned' ? ' max_fails=2 fail_timeout=10s' : ''
  return [
    `  upstream ${name} {`,
    ...targets.map(({ host, port, tier }) => `    server ${host}:${port}${settings}${tier > 0 ? ' backup' : ''};`),
    ...(tuning === 'tuned' ? ['    keepalive 256;', '    keepalive_requests 1000000;'] : []),
    '  }',
  ]
}

/** Which upstream a request goes to: its rule's, or with the right token that of the region that it asks for. */
function pinMap({ pools: [{ pool }], pins }: PlannedRule, { token }: RenderContext): string[] {
  if (token === null) return []
  const wanted = `"$http_${header.token.replaceAll('-', '_')} $http_${header.pin.replaceAll('-', '_')}"`
  return [
    `  map ${wanted} $to_${pool.name} {`, `    default ${pool.name};`,
    ...pins.map((pin) => `    "${word(token)} ${word(pin.region)}" ${pin.pool.targets.length === 0 ? 'refuse' : pin.pool.name};`),
    '  }',
  ]
}

function server(host: string, rules: PlannedRule[], gateway: string, context: RenderContext): string[] {
  const { listen } = context
  const seen = new Set<string>()
  const locations = rules.flatMap((rule) => locationsOf(rule)
    // The more specific rule stands first; what a less specific host says about the same path is never asked.
    .filter((location) => !seen.has(location) && seen.add(location))
    .map((location) => `    location ${location} { ${serve(rule, gateway, context).join(' ')} }`))
  const name = host === '' ? '~.* ""' : host.startsWith('.') ? `*${word(host)}` : word(host)
  const address = `${listen.ingress.host}:${listen.ingress.port}`
  return [`  server {`, `    listen ${address};`, `    server_name ${name};`, ...locations, ...(seen.has('/') ? [] : ['    location / { return 404; }']), '  }']
}

function locationsOf({ match: { path } }: PlannedRule): string[] {
  if (path.type === 'Exact') return [`= ${word(path.value)}`]
  const prefix = path.value.replace(/\/+$/, '')
  return prefix === '' ? ['/'] : [`= ${word(prefix)}`, `${word(prefix)}/`]
}

function serve({ pools, refusal, pins }: PlannedRule, gateway: string, { tuning, token }: RenderContext): string[] {
  if (refusal !== null) return [`add_header ${header.reason} ${refusal} always;`, `return 503;`]
  const { pool } = pools[0]
  const pinning = token !== null && pins.length > 0
  const tuned = tuning === 'tuned' && pool.failover
  const limits = [pool.requestMs, pool.attemptMs, tuned ? silenceOf(pool) : 0].filter((ms) => ms > 0)
  return [
    ...(pinning ? [
      `if ($to_${pool.name} = refuse) { return 503; }`,
      `proxy_set_header ${header.token} "";`, `proxy_set_header ${header.pin} "";`,
    ] : []),
    `proxy_pass http://${pinning ? `$to_${pool.name}` : pool.name};`,
    'proxy_set_header Host $http_host;', `proxy_set_header ${header.hop} ${word(gateway)};`,
    ...(limits.length === 0 ? [] : [`proxy_read_timeout ${Math.min(...limits)}ms;`]),
    // nginx resends only what is idempotent, unless told otherwise.
    ...(!pool.failover ? ['proxy_next_upstream off;'] : tuned
      ? ['proxy_next_upstream error timeout http_500 http_502 http_503 http_504;', `proxy_next_upstream_tries ${pool.attempts};`] : []),
    ...(tuning === 'tuned' ? [`proxy_connect_timeout ${connectMs}ms;`, 'proxy_http_version 1.1;', 'proxy_set_header Connection "";'] : []),
  ]
}

function silenceOf({ targets }: Pool): number {
  return Math.max(silenceMs, ...targets.map(({ rttMs }) => Math.round(2 * rttMs + 100)))
}

// Envoy, with everything static: one virtual host a hostname, one cluster a pool, one priority a region. Field names
// are those of the v3 API (envoy.config.listener.v3, .route.v3, .cluster.v3); JSON is the proto3 mapping.

import { header } from '../dataplane/bootstrap.ts'
import type { SnapshotAddress, SnapshotMatch } from '../snapshot/snapshot.ts'
import type { Driver, RenderContext } from './driver.ts'
import { checkPath, checkTimeoutMs, idempotentMethods, planRender, type PlannedRule, type Pool } from './plan.ts'

type Json = Record<string, unknown>

/** Tuned settings: those that lost least when a region froze, measured side by side (docs of the bench `failover`). */
const checkIntervalMs = 250
const perTryMs = 300
const connectMs = 300

export const envoy: Driver = {
  kind: 'envoy',
  description: 'Envoy, static configuration, one priority a region',
  tool: 'envoy',
  tunings: ['tuned', 'default'],
  features: ['path-regex', 'method', 'header', 'query', 'weights'],
  render(snapshot, context) {
    const { hosts, pools } = planRender(envoy, snapshot, context)
    const config = {
      admin: { address: socketAddress(context.listen.admin) },
      static_resources: {
        listeners: [listener(context, hosts.map(({ host, rules }, index) => ({
          name: `host_${index}`,
          domains: [host === '' ? '*' : host.startsWith('.') ? `*${host}` : host],
          routes: rules.flatMap((rule) => routesOf(rule, context)),
        })), snapshot.gateway.name)],
        clusters: pools.filter(({ targets }) => targets.length > 0).map((pool) => clusterOf(pool, context)),
      },
    }
    return {
      files: { 'envoy.json': `${JSON.stringify(config, null, 2)}\n` },
      argv: ['-c', `${context.stateDir}/envoy.json`, '--concurrency', '1', '--disable-hot-restart', '-l', 'warning'],
      readiness: { address: context.listen.admin, path: '/ready' },
      metrics: { address: context.listen.admin, path: '/stats/prometheus', format: 'prometheus' },
      limits: ['reports no decision time and no attempts'],
    }
  },
}

function socketAddress({ host, port }: SnapshotAddress): Json {
  return { socket_address: { address: host, port_value: port } }
}

function listener({ listen, token }: RenderContext, virtualHosts: Json[], name: string): Json {
  const manager = {
    '@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    stat_prefix: 'ingress',
    // The caller's request id is the one that joins all records.
    preserve_external_request_id: true,
    http_filters: [{ name: 'router', typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' } }],
    route_config: {
      name: 'routes', virtual_hosts: virtualHosts, ignore_port_in_host_matching: true,
      request_headers_to_add: [{ header: { key: header.hop, value: name }, append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' }],
      ...(token === null ? {} : { request_headers_to_remove: [header.pin, header.token] }),
    },
  }
  return { name: 'ingress', address: socketAddress(listen.ingress), filter_chains: [{ filters: [{ name: 'http', typed_config: manager }] }] }
}

/** Pinned requests first; then the rule itself, apart for methods that may not be sent again. */
function routesOf(rule: PlannedRule, context: RenderContext): Json[] {
  const match = matchOf(rule.match)
  const headers = match.headers as Json[]
  const pins = rule.pins.map(({ region, pool }) => ({
    match: { ...match, headers: [...headers, exactHeader(header.token, context.token ?? ''), exactHeader(header.pin, region)] },
    ...(pool.targets.length === 0 ? refusal('RGT_NO_HEALTHY_TARGET') : { route: { cluster: pool.name, ...timeout(pool) } }),
  }))
  if (rule.refusal !== null) return [...pins, { match, ...refusal(rule.refusal) }]
  const { pool } = rule.pools[0]
  const target = rule.pools.length === 1 ? { cluster: pool.name }
    : { weighted_clusters: { clusters: rule.pools.map((one) => ({ name: one.pool.name, weight: one.weight })) } }
  const plain = { match, route: { ...target, ...timeout(pool) } }
  if (context.tuning === 'default' || !pool.failover || pool.attempts < 2) return [...pins, plain]
  const idempotent = { name: ':method', string_match: { safe_regex: { regex: idempotentMethods.join('|') } } }
  return [
    ...pins,
    { match: { ...match, headers: [...headers, idempotent] }, route: { ...plain.route, retry_policy: retryPolicy(pool, '5xx,reset,connect-failure', true) } },
    { match, route: { ...plain.route, retry_policy: retryPolicy(pool, 'connect-failure,refused-stream', false) } },
  ]
}

function retryPolicy({ attempts, attemptMs }: Pool, retryOn: string, perTry: boolean): Json {
  return {
    retry_on: retryOn,
    num_retries: attempts - 1,
    ...(perTry ? { per_try_timeout: seconds(attemptMs > 0 ? Math.min(attemptMs, perTryMs) : perTryMs) } : {}),
    retry_back_off: { base_interval: '0.005s', max_interval: '0.020s' },
    retry_priority: {
      name: 'envoy.retry_priorities.previous_priorities',
      typed_config: { '@type': 'type.googleapis.com/envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig', update_frequency: 1 },
    },
    retry_host_predicate: [{
      name: 'envoy.retry_host_predicates.previous_hosts',
      typed_config: { '@type': 'type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate' },
    }],
    host_selection_retry_max_attempts: '3',
  }
}

function refusal(code: string): Json {
  return {
    direct_response: { status: 503, body: { inline_string: `${JSON.stringify({ code })}\n` } },
    response_headers_to_add: [{ header: { key: header.reason, value: code } }],
  }
}

/** Left out, Envoy's own 15 s hold. */
function timeout({ requestMs }: Pool): Json {
  return requestMs > 0 ? { timeout: seconds(requestMs) } : {}
}

function matchOf({ path, method, headers, query }: SnapshotMatch): Json {
  const prefix = path.value.replace(/\/+$/, '')
  return {
    ...(path.type === 'Exact' ? { path: path.value }
      : path.type === 'RegularExpression' ? { safe_regex: { regex: path.value } }
        : prefix === '' ? { prefix: '/' } : { path_separated_prefix: prefix }),
    headers: [
      ...(method === null ? [] : [exactHeader(':method', method)]),
      ...headers.map(({ type, name, value }) => (type === 'Exact' ? exactHeader(name, value) : { name, string_match: { safe_regex: { regex: value } } })),
    ],
    query_parameters: query.map(({ type, name, value }) => ({ name, string_match: type === 'Exact' ? { exact: value } : { safe_regex: { regex: value } } })),
  }
}

function exactHeader(name: string, value: string): Json {
  return { name, string_match: { exact: value } }
}

function clusterOf(pool: Pool, { tuning }: RenderContext): Json {
  const tiers = Map.groupBy(pool.targets, ({ tier }) => tier)
  return {
    name: pool.name,
    type: 'STATIC',
    load_assignment: {
      cluster_name: pool.name,
      endpoints: [...tiers].map(([, targets], priority) => ({
        priority, locality: { region: targets[0].region },
        lb_endpoints: targets.map((target) => ({ endpoint: { address: socketAddress(target) } })),
      })),
    },
    ...(pool.failover && tuning === 'tuned' ? tunedHealth(pool) : pool.failover ? { outlier_detection: {} } : {}),
  }
}

function tunedHealth(pool: Pool): Json {
  return {
    connect_timeout: seconds(connectMs),
    // The default of three retries at once refuses the retries of any region that fails.
    circuit_breakers: { thresholds: [{ max_connections: 16_384, max_pending_requests: 16_384, max_requests: 16_384, max_retries: 16_384 }] },
    common_lb_config: { healthy_panic_threshold: { value: 0 } },
    health_checks: [{
      timeout: seconds(checkTimeoutMs(pool)), interval: seconds(checkIntervalMs), no_traffic_interval: seconds(checkIntervalMs),
      unhealthy_threshold: 2, healthy_threshold: 2, http_health_check: { path: checkPath(pool), host: 'regatta' },
    }],
    outlier_detection: {
      consecutive_5xx: 2, consecutive_gateway_failure: 2, interval: '0.25s', base_ejection_time: '1s', max_ejection_time: '10s',
      max_ejection_percent: 100, enforcing_consecutive_5xx: 100, enforcing_consecutive_gateway_failure: 100, enforcing_success_rate: 0,
    },
  }
}

function seconds(ms: number): string {
  return `${ms / 1000}s`
}

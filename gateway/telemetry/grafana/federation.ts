// The federation at a glance: rate, errors and durations as clients saw them, regions, what tracing records, and what fires.

import { failedOutcomes, uncountedOutcomes } from '../alerts/outcomes.ts'
import { ofGateways, rate, selector, type Matcher } from '../alerts/promql.ts'
import { datasourceVariable, graph, labelVariable, layOut, table, type Dashboard } from './panel.ts'

/** Grafana's own: at least four times the time between two scrapes. */
const interval = '$__rate_interval'

export function federationDashboard(source: readonly Matcher[]): Dashboard {
  const scope = { prefixes: null, source }
  const where = (...more: Matcher[]): string => selector(scope, ['route', '=~', '$route'], ['tenant', '=~', '$tenant'], ...more)
  const gateways = ofGateways(scope)
  const requests = (by: string[], ...more: Matcher[]): string => rate('regatta_requests_total', where(...more), interval, by)
  const quantile = (q: number): string => `histogram_quantile(${q}, ${rate('regatta_request_duration_seconds_bucket', where(), interval, ['le'])})`
  const counted: Matcher = ['outcome', '!~', uncountedOutcomes.join('|')]
  return {
    uid: 'regatta-federation', title: 'Regatta: federation', description: 'Made by `regatta telemetry dashboards`.',
    tags: ['regatta'], schemaVersion: 39, editable: true, refresh: '5s', time: { from: 'now-15m', to: 'now' },
    templating: { list: [datasourceVariable, labelVariable('tenant', 'regatta_requests_total'), labelVariable('route', 'regatta_requests_total')] },
    panels: layOut([
      { title: 'Requests', panels: [
        graph('Requests by outcome', 'reqps', [{ expr: requests(['outcome']), legend: '{{outcome}}' }], { stacked: true }),
        graph('Failed, of those that policies allow', 'percentunit', [
          { expr: `${requests(['route'], ['outcome', '=~', failedOutcomes.join('|')])} / ${requests(['route'], counted)}`, legend: '{{route}}' },
        ], { description: `Outcomes ${failedOutcomes.join(', ')}; ${uncountedOutcomes.join(', ')} count for neither side.` }),
        graph('Time to the end of the response', 's', [
          { expr: quantile(0.5), legend: 'p50', exemplars: true }, { expr: quantile(0.99), legend: 'p99' },
        ], { description: 'Exemplars are traces that were kept, for planes that are scraped as OpenMetrics.' }),
        graph('Sent again, of all requests', 'percentunit', [
          { expr: `${rate('regatta_retries_total', where(), interval, [])} / ${requests([])}`, legend: 'retries' },
          { expr: `${rate('regatta_hedges_total', where(), interval, [])} / ${requests([])}`, legend: 'hedges' },
        ]),
      ] },
      { title: 'Regions', panels: [
        graph('Requests by the region that answered', 'reqps', [{ expr: requests(['region']), legend: '{{region}}' }], { stacked: true }),
        graph('Gateways that turned away from a region', 'short', [{ expr: `sum by (region) (regatta_region_draining_gateways${gateways})`, legend: '{{region}}' }]),
      ] },
      { title: 'Tracing', panels: [
        graph('Spans a second against the budget', 'short', [
          { expr: rate('regatta_sampled_spans_total', gateways, interval, ['policy']), legend: '{{policy}}' },
          { expr: `sum by (policy) (regatta_sampling_budget_spans_per_second${gateways})`, legend: '{{policy}}: budget' },
        ]),
        graph('Until certificates end', 's', [{ expr: `min by (certificate) (regatta_certificate_not_after_seconds${gateways}) - time()`, legend: '{{certificate}}' }], { bad: 'below' }),
      ] },
      { title: 'Alerts', panels: [
        table('Firing, as control planes tell', [{ expr: `sum by (severity, policy, rule, kind) (regatta_alerts_firing${gateways}) > 0`, legend: '' }]),
        graph('Messages of alerts by what became of them', 'short', [{ expr: `sum by (result) (increase(regatta_alert_messages_total${gateways}[${interval}]))`, legend: '{{result}}' }]),
      ] },
    ]),
  }
}

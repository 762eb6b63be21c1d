// Names of our own attributes in OpenTelemetry's spans, for those who write them and those who read them back.

export const attribute = {
  requestId: 'regatta.request_id', service: 'regatta.service', region: 'regatta.region', target: 'regatta.target',
  attempt: 'regatta.attempt', attempts: 'regatta.attempts', reason: 'regatta.reason', outcome: 'regatta.outcome', kept: 'regatta.kept',
  decisionNs: 'regatta.decision_ns', peer: 'regatta.peer', contextProblem: 'regatta.context_problem',
} as const

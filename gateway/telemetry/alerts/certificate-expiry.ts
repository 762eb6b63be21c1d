// A certificate that gateways serve with ends soon. Rotation should have replaced it long before: this is told while there
// is still time to do it by hand.

import { z } from 'zod'
import { durationUs, formatDuration } from '../../config/duration.ts'
import { defineAlert, staleUs, type Finding } from './kind.ts'
import { ofGateways } from './promql.ts'

const parameters = z.strictObject({
  before: durationUs.refine((us) => us > 0, { message: 'is no time before anything' }).prefault('336h').describe('How long before its end. Default: 14 days.'),
})

const maxCertificates = 1_000

interface Seen { notAfterMs: number; atUs: number }

export const certificateExpiry = defineAlert({
  kind: 'certificate-expiry',
  description: 'A certificate that gateways serve with ends soon.',
  about: 'gateways',
  parameters,
  watch({ before }) {
    /** Certificate → gateway → what it told last. */
    const certificates = new Map<string, Map<string, Seen>>()
    return {
      report(report, nowUs) {
        for (const { name, notAfterMs } of report.certificates) {
          let held = certificates.get(name)
          if (held === undefined) {
            if (certificates.size >= maxCertificates) continue
            certificates.set(name, (held = new Map()))
          }
          held.set(report.gateway, { notAfterMs, atUs: nowUs })
        }
      },
      findings(nowUs, wallMs) {
        const findings: Finding[] = []
        for (const [name, held] of certificates) {
          for (const [gateway, { atUs }] of held) if (nowUs - atUs > staleUs) held.delete(gateway)
          if (held.size === 0) certificates.delete(name)
          const ending = [...held].filter(([, { notAfterMs }]) => (notAfterMs - wallMs) * 1000 < before)
          if (ending.length === 0) continue
          const leftMs = Math.min(...ending.map(([, { notAfterMs }]) => notAfterMs)) - wallMs
          findings.push({
            labels: { certificate: name }, value: leftMs / 1000, bound: before / 1e6, unit: 's', gateways: ending.map(([gateway]) => gateway).sort(),
            summary: leftMs > 0 ? `certificate ${name} ends in ${formatDuration(Math.ceil(leftMs / 1000) * 1e6)}` : `certificate ${name} has ended`,
          })
        }
        return findings
      },
    }
  },
  promql({ before }, scope) {
    const left = `min by (certificate) (regatta_certificate_not_after_seconds${ofGateways(scope)}) - time()`
    return {
      expr: `${left} < ${before / 1e6}`,
      summary: 'certificate {{ $labels.certificate }} ends in {{ $value | humanizeDuration }}',
      panels: [{ title: 'Until certificates end', expr: left, bound: before / 1e6, bad: 'below', unit: 's', legend: '{{certificate}}' }],
    }
  },
})

// The constants of the simulated world that the topology does not state: what each hop and each service adds on a
// machine. Only these are ever calibrated (round-trip and service times); detection and failover come out of the
// cores. `regatta calibrate` writes such a file from a recorded local run.

/**
 * A distribution as its quantiles, evenly spaced from 0 to 1, microseconds, ascending; at least one. A sample is the
 * linear interpolation at a uniform point; one value is a constant.
 */
export type Quantiles = readonly number[]

export const modelVersion = 1

export interface SimulationModel {
  version: typeof modelVersion
  /** Where the figures come from: `defaults`, or the run that they were taken from. */
  source: string
  /** Added to half the round trip of the topology in each direction, by what the hop connects. */
  hopUs: {
    /** Clients to a gateway. */
    client: Quantiles
    /** Gateway to gateway, over a link. */
    link: Quantiles
    /** Gateway to an endpoint of its own region. */
    endpoint: Quantiles
  }
  /** Added to a service's own latency. */
  serviceUs: Quantiles
  /** What a probe of health adds to the two ways of its hop. */
  probeUs: Quantiles
  /** A process that was killed serves again this long after it was started, microseconds. */
  restartUs: { gateway: number; services: number; controlPlane: number }
  /** Round trips that opening a connection over a link costs: 0 behind a proxy on the near side (as on `local`), 1 without. */
  handshakeRtts: number
  /** Round trips of the topology that were measured to be otherwise: `from>to` → round trip, microseconds. */
  rttUs: Record<string, number>
  /** Share of messages that are lost on the way and sent again, by `from>to`; nought where nothing stands. */
  lossShare?: Record<string, number>
}

/** Figures of an idle loopback; see docs for the command that measures them. */
export const defaultModel: SimulationModel = {
  version: modelVersion,
  source: 'defaults',
  hopUs: { client: [150, 200, 300], link: [200, 300, 500], endpoint: [60, 80, 150] },
  serviceUs: [100, 200, 400],
  probeUs: [50, 100, 200],
  restartUs: { gateway: 350_000, services: 250_000, controlPlane: 300_000 },
  handshakeRtts: 0,
  rttUs: {},
  lossShare: {},
}

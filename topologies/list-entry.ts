// How clients that enter by a list of regions behave, wherever they run.

/** How long an address that failed is passed over before it is tested again. */
export const passOverUs = 1_000_000

/** With less of its patience left a client asks nobody else: it could not wait for the answer, and would blame the address. */
export const leastTryUs = 10_000

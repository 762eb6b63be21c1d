// How unlikely what was seen is when all is as usual, by Chernoff's bounds: in natural logarithms, exact enough for decisions,
// and safe for small samples, where a normal approximation is not.

/**
 * −ln of the bound exp(−n · KL(k/n ‖ p)) on P(X ≥ k), X binomial of n and p (Hoeffding 1963, theorem 1; Chernoff 1952). 0 when k is
 * no more than expected.
 */
export function binomialEvidence(k: number, n: number, p: number): number {
  const share = k / n
  if (n === 0 || share <= p) return 0
  return n * (share * Math.log(share / p) + (share < 1 ? (1 - share) * Math.log((1 - share) / (1 - p)) : 0))
}

/** −ln of the bound e^−μ (eμ/k)^k on P(X ≥ k), X a Poisson count of mean μ (Mitzenmacher and Upfal, theorem 5.4). */
export function poissonEvidence(k: number, mean: number): number {
  return k <= mean ? 0 : k * Math.log(k / mean) - k + mean
}

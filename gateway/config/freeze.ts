// Validated configuration is shared by identity between caches, snapshots and requests: it is frozen once.

/** Freezes plain data all the way down and gives it back. What is frozen already is taken to be so below. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  for (const part of Object.values(value)) deepFreeze(part)
  return Object.freeze(value)
}

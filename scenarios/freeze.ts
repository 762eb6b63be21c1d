// Scenarios and plans are values: copied once, then frozen through and through, so that nobody changes under
// the feet of the judge what the run was asked to do.

/** A frozen copy of plain data; the original is left as it is. */
export function frozenCopy<T>(value: T): T {
  return freeze(structuredClone(value))
}

function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    Object.values(value).forEach(freeze)
  }
  return value
}

// The three functions of Reflect's metadata API (rbuckton.github.io/reflect-metadata) that @peculiar/x509's container for
// injected parts calls. It insists on them when it is loaded, so whoever imports it imports this file first.

type Metadata = Map<unknown, unknown>

const kept = new WeakMap<object, Metadata>()

const reflect = Reflect as unknown as Record<string, unknown>

/** Those of a real implementation stay, where there is one. */
reflect.defineMetadata ??= (key: unknown, value: unknown, target: object): void => {
  if (!kept.has(target)) kept.set(target, new Map())
  kept.get(target)!.set(key, value)
}

reflect.getOwnMetadata ??= (key: unknown, target: object): unknown => kept.get(target)?.get(key)

reflect.getMetadata ??= (key: unknown, target: object): unknown => {
  for (let at: object | null = target; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    const own = kept.get(at)
    if (own?.has(key) === true) return own.get(key)
  }
  return undefined
}

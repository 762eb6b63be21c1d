// What every mesh takes from access policies alike: which services they guard, and the one request that no rule names, a
// gateway's own probe.

import { isAmbiguous, type Principal, type SnapshotAccess } from '../../gateway/security/access.ts'

/** Service of the topology → what the policies on it say; a service without an entry may be called by every gateway. */
export type GuardedServices = ReadonlyMap<string, SnapshotAccess>

/** Of the snapshot's services those that a policy guards. */
export function accessOf(services: readonly { name: string; access?: SnapshotAccess }[]): GuardedServices {
  return new Map(services.flatMap(({ name, access }) => access === undefined ? [] : [[name, access] as const]))
}

/** Where a service says that it lives, to a mesh and to gateways alike. */
export const serviceHealthPath = '/healthz'

/** Whether gateways learn from a service itself that it lives: those that may call it at all. Without a policy all may. */
export function letsProbe(access: SnapshotAccess | undefined): boolean {
  return access === undefined || access.rules.some(({ principals, methods, paths }) => principals.includes('gateway')
    && methods?.length !== 0 && (paths === null || paths.some(({ value }) => !isAmbiguous(value))))
}

/** Whether this is the one request that a mesh lets in although no rule may allow it; gateways refuse it of clients as any other. */
export function isProbe(access: SnapshotAccess, principal: Principal, method: string, path: string): boolean {
  return principal === 'gateway' && method === 'GET' && path === serviceHealthPath && letsProbe(access)
}

// The rules of the restricted pod security standard, as far as a pod here could break them. A cluster enforces them at
// the moment when a pod is made; here they are found before there is a cluster.
// https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted

import type { V1PodSpec } from '@kubernetes/client-node'

const allowedVolumes = ['configMap', 'csi', 'downwardAPI', 'emptyDir', 'ephemeral', 'persistentVolumeClaim', 'projected', 'secret']

/** A sentence for each breach. */
export function restrictedBreaches(spec: V1PodSpec): string[] {
  const { securityContext: pod = {}, containers, initContainers = [], volumes = [] } = spec
  const seccomp = (type: string | undefined): boolean => type === 'RuntimeDefault' || type === 'Localhost'
  return [
    ...[spec.hostNetwork, spec.hostPID, spec.hostIPC].some((shared) => shared === true) ? ['shares a namespace of its host'] : [],
    ...volumes.flatMap(({ name, ...kinds }) => Object.keys(kinds).filter((kind) => !allowedVolumes.includes(kind)).map((kind) => `volume ${name} is a ${kind}`)),
    ...[...containers, ...initContainers].flatMap(({ name, ports = [], securityContext: own = {} }) => [
      ...own.privileged === true ? [`${name} is privileged`] : [],
      ...own.allowPrivilegeEscalation === false ? [] : [`${name} may escalate its privileges`],
      ...own.capabilities?.drop?.includes('ALL') === true ? [] : [`${name} keeps capabilities`],
      ...(own.capabilities?.add ?? []).filter((one) => one !== 'NET_BIND_SERVICE').map((one) => `${name} adds ${one}`),
      ...(own.runAsNonRoot ?? pod.runAsNonRoot) === true ? [] : [`${name} may run as root`],
      ...(own.runAsUser ?? pod.runAsUser) === 0 ? [`${name} runs as root`] : [],
      ...seccomp(own.seccompProfile?.type ?? pod.seccompProfile?.type) ? [] : [`${name} has no seccomp profile`],
      ...ports.filter(({ hostPort }) => hostPort !== undefined && hostPort !== 0).map(({ hostPort }) => `${name} takes port ${hostPort} of its host`),
    ]),
  ]
}

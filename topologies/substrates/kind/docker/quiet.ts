// Pure: what a cluster is told to leave alone. A drill shares the processors with clusters that live for minutes and have
// one node, so every standing task costs measurements. Measured at rest without workloads, side by side: 9.2 % of a core
// for an untouched cluster, 6.4 % with about all this; and 8.4 instead of 11.0 s of processor time to make one.

/** Where the folder of `staticPodPatches` lies inside a node. */
export const patchesFolder = '/kind/regatta'

/**
 * For kind, which merges by kind, and by apiVersion where one is given. Arguments are maps, as v1beta3 of kubeadm has them
 * (Kubernetes up to v1.35); kind turns them into the lists of v1beta4.
 */
export const kubeadmPatches: readonly object[] = [
  {
    apiVersion: 'kubelet.config.k8s.io/v1beta1', kind: 'KubeletConfiguration',
    // Evidence is read from pod logs, and what is rotated out while an API server is away is lost.
    containerLogMaxSize: '500Mi', containerLogMonitorInterval: '5m',
  },
  {
    kind: 'ClusterConfiguration',
    // There is nobody to elect a leader against: a write of a lease each second less.
    controllerManager: { extraArgs: { 'leader-elect': 'false' } },
    scheduler: { extraArgs: { 'leader-elect': 'false' } },
    // A node that is killed loses nothing that it wrote; only its machine could. Longer heartbeats would save a little, and
    // let a lone member wait for its own election by seconds.
    etcd: { local: { extraArgs: { 'unsafe-no-fsync': 'true' } } },
  },
  // How often the kubelet looks at the use of every container.
  { kind: 'InitConfiguration', nodeRegistration: { kubeletExtraArgs: { 'housekeeping-interval': '60s' } } },
  // Making keys of RSA is most of the second that kubeadm spends on certificates. Two names for one thing.
  { apiVersion: 'kubeadm.k8s.io/v1beta3', kind: 'ClusterConfiguration', featureGates: { PublicKeysECDSA: true } },
  { apiVersion: 'kubeadm.k8s.io/v1beta4', kind: 'ClusterConfiguration', encryptionAlgorithm: 'ECDSA-P256' },
]

/** Added where the folder can be laid into a node. */
export const patchesPatch: object = { kind: 'InitConfiguration', patches: { directory: patchesFolder } }

/**
 * Files for kubeadm, which lays them over what it writes itself, and passes over those whose target it does not know.
 * https://kubernetes.io/docs/setup/production-environment/tools/kubeadm/control-plane-flags/#patches
 */
export const staticPodPatches: Readonly<Record<string, object>> = {
  ...Object.fromEntries(['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler'].map((name) => [`${name}+strategic.yaml`, {
    spec: {
      containers: [{
        name,
        // Asked each second over a new connection, and nobody heeds the answer: nothing is balanced over these pods.
        readinessProbe: null,
        // A second thread that looks for work each time costs more than what it finds; the heap may grow before it is swept.
        env: [{ name: 'GOMAXPROCS', value: '1' }, { name: 'GOGC', value: '200' }],
      }],
    },
  }])),
  'corednsdeployment+strategic.yaml': { spec: { replicas: 1 } },
}

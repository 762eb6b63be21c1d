// What a mesh is to this project: a name, the sets of settings it knows, and where it can run. How it is brought up is
// each substrate's own matter; a mesh says in its table why it is not to be had, so that nothing is left out in silence.

/** Whether one substrate can run the mesh, published as the capability table. */
export type MeshSupport =
  | { supported: true; /** one line for the table */ how: string; /** what was really played there, and with what */ ran: string }
  | { supported: false; /** one line for the table */ why: string }

export interface Mesh {
  /** Its key in the registry, and what a topology writes under `mesh`. */
  name: string
  description: string
  /** Name → what it stands for, one line; the first is taken when nobody names one. Empty: the mesh fails nothing over. */
  settings: Readonly<Record<string, string>>
  /** How long the phases before a fault last at least beside it, microseconds; as `Substrate.leastUs`. */
  leastUs?: Readonly<{ warmup: number; steady: number }>
  /** Kind of substrate → whether it runs there. */
  on: Record<string, MeshSupport>
}

/** What several meshes say of a substrate alike. */
export const noProcesses: MeshSupport = { supported: false, why: 'a simulation has no processes for a real mesh to run in' }
export const needsKubernetes: MeshSupport = { supported: false, why: 'its control plane needs Kubernetes API servers, which processes of this machine are not' }

// Scenarios written in TypeScript: the same model as the YAML file, completed and checked by the editor. A
// `.ts` file that exports one as its default is loaded like any other.

import type { ScenarioFileInput } from './schema.ts'

export type ScenarioDefinition = ScenarioFileInput['metadata'] & ScenarioFileInput['spec']

/** `export default defineScenario({ name, description, load, phases, … })`. Checked in full when it is loaded. */
export function defineScenario(definition: ScenarioDefinition): ScenarioFileInput {
  const { name, description, ...spec } = definition
  return { apiVersion: 'regatta.dev/v1alpha1', kind: 'Scenario', metadata: { name, description }, spec }
}

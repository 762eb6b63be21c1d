// Coded errors of the scenarios room, in the form of the gateway's: a code never changes its meaning, and
// whoever adds a fault, a load or a check adds its codes here.

import { CodedError, type ErrorDetails } from '../gateway/errors.ts'

/** Codes of this room; the text is the one-line summary that documentation and `--help` show. */
export const scenarioErrors = {
  RGT_SCENARIO_UNKNOWN: 'no scenario of that name is in the catalogue, and no such file exists',
  RGT_SCENARIO_SYNTAX: 'a scenario file is not valid YAML or JSON',
  RGT_SCENARIO_SCHEMA: 'a field of a scenario is missing, unknown, or of the wrong type',
  RGT_SCENARIO_REFERENCE: 'a scenario names a region, group, link, template or file that does not exist',
  RGT_SCENARIO_TIMELINE: 'the times of a scenario contradict each other',
  RGT_THRESHOLD_SYNTAX: 'a metric expression or a condition does not follow the grammar of thresholds',
  RGT_THRESHOLD_METRIC: 'a threshold names a metric, tag, tag value or aggregate that does not exist',
  RGT_LOAD_KIND: 'a load asks for something that its kind cannot play',
  RGT_RUN_FOLDER: 'a folder is not the folder of a run, or its run.json cannot be read',
  RGT_RUN_STEP: 'a step of the plan could not be played',
  RGT_RUN_HEAL: 'a fault could not be healed after the run',
  RGT_WORKER_JOB: 'a job failed in its worker thread',
  RGT_WORKER_DIED: 'a worker thread ended before its job was done',
} as const

export type ScenarioErrorCode = keyof typeof scenarioErrors

export function scenarioError(code: ScenarioErrorCode, message: string, details?: ErrorDetails): CodedError<ScenarioErrorCode> {
  return new CodedError(code, message, details)
}

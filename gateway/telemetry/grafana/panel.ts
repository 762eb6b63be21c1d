// What Grafana reads: the parts of its dashboard JSON (schema 39, Grafana 10 and newer) that are used here, and how panels are
// laid on its grid of 24 columns.

import type { PromPanel } from '../alerts/promql.ts'

export interface Dashboard {
  uid: string
  title: string
  description: string
  tags: string[]
  schemaVersion: number
  editable: boolean
  refresh: string
  time: { from: string; to: string }
  templating: { list: object[] }
  panels: Panel[]
}

export interface Panel { id: number; type: string; title: string; gridPos: { x: number; y: number; w: number; h: number }; [field: string]: unknown }

/** A panel before it has its place. `w`: columns of 24. */
export interface Drawn { type: 'timeseries' | 'table' | 'text' | 'stat'; title: string; w: number; h: number; fields: Record<string, unknown> }

export interface Row { title: string; panels: readonly Drawn[] }

export interface Target { expr: string; legend: string; exemplars?: boolean; instant?: boolean }

export type Unit = PromPanel['unit'] | 'reqps'

/** Chosen by whoever looks: no name of a data source is written into a dashboard. */
const datasource = { type: 'prometheus', uid: '${datasource}' }

export function graph(title: string, unit: Unit, targets: readonly Target[], over: { description?: string; bound?: number; bad?: PromPanel['bad']; w?: number; stacked?: boolean } = {}): Drawn {
  const { description = '', bound, bad = 'above', w = 12, stacked = false } = over
  const steps = bound === undefined ? [{ color: 'green', value: null }]
    : bad === 'above' ? [{ color: 'green', value: null }, { color: 'red', value: bound }]
      : [{ color: 'red', value: null }, { color: 'green', value: bound }]
  return {
    type: 'timeseries', title, w, h: 8, fields: {
      description, datasource, targets: targets.map(target),
      fieldConfig: {
        defaults: {
          unit, min: bad === 'above' ? 0 : null, thresholds: { mode: 'absolute', steps },
          custom: {
            drawStyle: 'line', lineWidth: 1, fillOpacity: stacked ? 30 : 0, showPoints: 'never',
            stacking: { mode: stacked ? 'normal' : 'none' }, thresholdsStyle: { mode: bound === undefined ? 'off' : 'dashed' },
          },
        },
        overrides: [],
      },
      options: { legend: { displayMode: 'list', placement: 'bottom', showLegend: true }, tooltip: { mode: 'multi', sort: 'desc' } },
    },
  }
}

/** What holds now, a line for each series. */
export function table(title: string, targets: readonly Target[], over: { description?: string; w?: number } = {}): Drawn {
  return {
    type: 'table', title, w: over.w ?? 12, h: 8, fields: {
      description: over.description ?? '', datasource, targets: targets.map((one, index) => ({ ...target({ ...one, instant: true }, index), format: 'table' })),
      fieldConfig: { defaults: {}, overrides: [] }, options: { showHeader: true },
      transformations: [{ id: 'organize', options: { excludeByName: { Time: true } } }],
    },
  }
}

export function text(title: string, content: string, w = 12): Drawn {
  return { type: 'text', title, w, h: 4, fields: { options: { mode: 'markdown', content } } }
}

function target({ expr, legend, exemplars = false, instant = false }: Target, index: number): object {
  return { refId: String.fromCharCode(65 + index), datasource, expr, legendFormat: legend, exemplar: exemplars, instant, range: !instant }
}

/** Rows under each other; panels from left to right, on a new line where one does not fit. */
export function layOut(rows: readonly Row[]): Panel[] {
  const panels: Panel[] = []
  const add = (type: string, title: string, gridPos: Panel['gridPos'], fields: Record<string, unknown>): void => {
    panels.push({ id: panels.length + 1, type, title, gridPos, ...fields })
  }
  let y = 0
  for (const { title, panels: drawn } of rows) {
    add('row', title, { x: 0, y, w: 24, h: 1 }, { collapsed: false, panels: [] })
    y++
    let x = 0
    let tallest = 0
    for (const { type, title: name, w, h, fields } of drawn) {
      if (x + w > 24) {
        y += tallest
        x = tallest = 0
      }
      add(type, name, { x, y, w, h }, fields)
      x += w
      tallest = Math.max(tallest, h)
    }
    y += tallest
  }
  return panels
}

/** A drop-down of the values that a label has in `metric`; any number of them, all by default. */
export function labelVariable(name: string, metric: string): object {
  return {
    type: 'query', name, label: name, datasource, definition: `label_values(${metric}, ${name})`, refresh: 2, sort: 1,
    query: { query: `label_values(${metric}, ${name})`, refId: 'variable' }, includeAll: true, multi: true, allValue: '.*', current: { text: 'All', value: '$__all' },
  }
}

export const datasourceVariable = { type: 'datasource', name: 'datasource', label: 'Prometheus', query: 'prometheus', current: {}, hide: 0 }

// Heat maps as tables with coloured cells: numbers stay text that can be read aloud, selected and printed, and keep
// their size on a phone. One small map for each combination of the axes that lie on no side.

import { h, nothing, type Markup } from '../html/markup.ts'
import type { CellResult, SweepResult } from '../../scenarios/sweep/result.ts'
import { ejectionBins, ejectionTone, timeBins, timeTone, type Bin } from './heat.ts'
import { slicesOf, valueLabel, type Slice } from './slices.ts'
import { detectionText, ejectionsText, failoverText, safetyMarks, worstText } from './words.ts'

interface Drawing { tone(cell: CellResult): string; value(cell: CellResult): string; under(cell: CellResult): string }

export function failoverMaps(result: SweepResult): Markup {
  return maps(result, 'Failover time', timeBins(result.objectiveMs, 'not recovered before healing'), {
    tone: ({ failover }) => timeTone(failover.measured, failover.medianMs, result.objectiveMs), value: (cell) => failoverText(cell).replace('< ', '<\u2009'), under: worstText,
  })
}

export function detectionMaps(result: SweepResult): Markup {
  return maps(result, 'Detection time', timeBins(result.objectiveMs, 'no sign of trouble noted'), {
    tone: ({ failover, detect }) => timeTone(failover.measured, detect.medianMs, result.objectiveMs), value: detectionText,
    under: ({ failover, detect }) => (detect.never === 0 || detect.never === failover.measured ? '' : `${detect.never} of ${failover.measured} never`),
  })
}

export function ejectionMaps(result: SweepResult): Markup {
  return maps(result, 'False ejections', ejectionBins, {
    tone: ejectionTone, value: ejectionsText, under: ({ falseEjections, trials }) => (trials.length > 1 && falseEjections.worst > 0 ? `to ${falseEjections.worst}` : ''),
  })
}

function maps(result: SweepResult, what: string, bins: readonly Bin[], drawing: Drawing): Markup {
  const used = new Set(result.cells.map(drawing.tone))
  return h`<ul class="heat-legend" aria-label="${what}">${bins.filter(({ tone }) => tone !== 'none' || used.has(tone)).map(({ tone, label }) => h`<li><i class="${tone}" aria-hidden="true"></i>${label}</li>`)}
<li><b class="mark pass">${safetyMarks.safe}</b> safe</li><li><b class="mark fail">${safetyMarks.unsafe}</b> unsafe</li><li><b class="mark inconclusive">${safetyMarks.unknown}</b> cannot be told</li></ul>
<div class="maps" style="--columns:${result.axes[0].values.length}">${slicesOf(result).map((slice) => map(slice, what, drawing))}</div>`
}

function map({ title, across, down, rows }: Slice, what: string, drawing: Drawing): Markup {
  return h`<figure class="map card">${title === '' ? nothing : h`<figcaption><h3>${title}</h3></figcaption>`}
<div class="scroll" tabindex="0" role="region" aria-label="${what}${title === '' ? '' : `, ${title}`}"><table class="heat"><thead>
<tr><td></td><th scope="colgroup" colspan="${across.values.length}" class="axis">${across.name}</th></tr>
<tr><th scope="col" class="axis">${down === null ? nothing : down.name}</th>${across.values.map((_, index) => h`<th scope="col">${valueLabel(across, index)}</th>`)}</tr></thead>
<tbody>${rows.map(({ label, cells }) => h`<tr><th scope="row">${label}</th>${cells.map((cell) => cellOf(cell, drawing))}</tr>`)}</tbody></table></div></figure>`
}

function cellOf(cell: CellResult, { tone, value, under }: Drawing): Markup {
  const below = under(cell)
  return h`<td class="${tone(cell)} ${cell.safety}" title="${cell.why === '' ? 'safe' : cell.why}"><span class="safety" role="img" aria-label="${cell.safety === 'unknown' ? 'cannot be told' : cell.safety}">${safetyMarks[cell.safety]}</span><b>${value(cell)}</b>${below === '' ? nothing : h`<small>${below}</small>`}</td>`
}

// Isolating a region means all of its links, both ways, and no other: a forgotten one would be a way out.

import { expect, test } from 'vitest'
import { loadTopology } from './load.ts'
import { cutsOf, linksOfRegion } from './region-links.ts'

const three = await loadTopology('three-regions')

test('the links of a region are those that begin or end at it, in both directions', () => {
  const touching = three.links.filter(({ from, to }) => [from, to].includes('region:eu-west'))
  expect(linksOfRegion(three, 'eu-west')).toEqual(touching.map(({ from, to }) => ({ from, to })))
  expect(linksOfRegion(three, 'eu-west')).toEqual(expect.arrayContaining([
    { from: 'clients:europe', to: 'region:eu-west' }, { from: 'region:eu-west', to: 'edge:frankfurt' },
    { from: 'region:us-east', to: 'region:eu-west' },
  ]))
  expect(linksOfRegion(three, 'nowhere')).toEqual([])
})

test('isolated regions are behind black holes on the links of each', () => {
  const { on, ...cut } = cutsOf(three, { kind: 'isolate', regions: ['eu-west', 'us-east'] })
  expect(cut).toEqual({ kind: 'cut', mode: 'black-hole' })
  expect(on).toEqual([...linksOfRegion(three, 'eu-west'), ...linksOfRegion(three, 'us-east')])
})

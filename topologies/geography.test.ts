// Distances against what is known of a sphere, and one round trip against what clouds publish.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { defaultPathFactor, earthRadiusKm, greatCircleKm, greatCircleRttMs, minimumRttMs, nearest } from './geography.ts'

const dublin = { latitude: 53.35, longitude: -6.26 }
const ashburn = { latitude: 39.04, longitude: -77.49 }
const coordinates = fc.record({
  latitude: fc.double({ min: -90, max: 90, noNaN: true }),
  longitude: fc.double({ min: -180, max: 180, noNaN: true }),
})

test('a quarter of the equator is a quarter of the circumference', () => {
  const quarter = greatCircleKm({ latitude: 0, longitude: 0 }, { latitude: 0, longitude: 90 })
  expect(quarter).toBeCloseTo((Math.PI / 2) * earthRadiusKm, 6)
  expect(greatCircleKm({ latitude: 0, longitude: 170 }, { latitude: 0, longitude: -100 })).toBeCloseTo(quarter, 6)
})

test('antipodes are half the circumference apart, however rounding falls', () => {
  fc.assert(fc.property(coordinates, ({ latitude, longitude }) => {
    const antipode = { latitude: -latitude, longitude: longitude > 0 ? longitude - 180 : longitude + 180 }
    expect(greatCircleKm({ latitude, longitude }, antipode)).toBeCloseTo(Math.PI * earthRadiusKm, 3)
  }))
})

test('distance is symmetric and keeps the triangle inequality', () => {
  fc.assert(fc.property(coordinates, coordinates, coordinates, (a, b, c) => {
    expect(greatCircleKm(a, b)).toBeCloseTo(greatCircleKm(b, a), 6)
    expect(greatCircleKm(a, c)).toBeLessThanOrEqual(greatCircleKm(a, b) + greatCircleKm(b, c) + 1e-3)
  }))
})

test('Dublin to Virginia takes the 80 ms that clouds publish', () => {
  expect(greatCircleRttMs(dublin, ashburn, defaultPathFactor)).toBeCloseTo(80, 0)
})

test('nothing is nearer than the floor', () => {
  expect(greatCircleRttMs(dublin, dublin, defaultPathFactor)).toBe(minimumRttMs)
})

test('the nearest of equally near places does not depend on their order', () => {
  const places = ['b', 'a', 'c'].map((name) => ({ name, coordinates: dublin }))
  expect(nearest(places, ashburn).name).toBe('a')
  expect(nearest([...places].reverse(), ashburn).name).toBe('a')
})

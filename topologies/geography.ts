// Round-trip times from geography: how long light takes through fibre between two places, lengthened by how
// much longer real paths are than the great circle. A file may state any pair instead.

import type { Coordinates } from './topology.ts'

/** Mean Earth radius R1, kilometres (IUGG; Moritz, Geodetic Reference System 1980). */
export const earthRadiusKm = 6371.0088

/** Speed of light in vacuum, kilometres per second (exact, SI). */
const lightKmPerSecond = 299_792.458

/** Group index of refraction of standard single-mode fibre at 1550 nm (Corning SMF-28 data sheet: 1.4682). */
const fibreGroupIndex = 1.468

/**
 * How much longer the path is than the great circle. Bozkurt et al., "Dissecting Latency in the Internet's Fiber
 * Infrastructure" (arXiv 1811.10737), give 2.1 as the rule of thumb for the public Internet and 1.3 as the median
 * that existing conduits would allow. Gateways talk over cloud backbones, which lie between: 1.5 gives 80 ms for
 * Dublin to Virginia, which is what clouds publish for that pair.
 */
export const defaultPathFactor = 1.5

/** Nothing is nearer than this, milliseconds: access, switching and the far host's own stack. */
export const minimumRttMs = 1

/** Great-circle distance, kilometres, by the haversine formula (Sinnott, Sky and Telescope 68, 1984). */
export function greatCircleKm(from: Coordinates, to: Coordinates): number {
  const latitude = radians(to.latitude - from.latitude)
  const longitude = radians(to.longitude - from.longitude)
  const chord = Math.sin(latitude / 2) ** 2
    + Math.cos(radians(from.latitude)) * Math.cos(radians(to.latitude)) * Math.sin(longitude / 2) ** 2
  return 2 * earthRadiusKm * Math.asin(Math.min(1, Math.sqrt(chord)))
}

/** Round-trip time, milliseconds, to a tenth; never under `minimumRttMs`. */
export function greatCircleRttMs(from: Coordinates, to: Coordinates, pathFactor: number): number {
  const kmPerMs = lightKmPerSecond / fibreGroupIndex / 1000
  const rttMs = (2 * greatCircleKm(from, to) * pathFactor) / kmPerMs
  return Math.max(minimumRttMs, Math.round(rttMs * 10) / 10)
}

/** The place of `places` with the least great-circle distance; the first by name when several are as near. */
export function nearest<Place extends { name: string; coordinates: Coordinates }>(places: readonly Place[], to: Coordinates): Place {
  const byName = [...places].sort((a, b) => (a.name < b.name ? -1 : 1))
  return byName.reduce((best, place) =>
    greatCircleKm(place.coordinates, to) < greatCircleKm(best.coordinates, to) ? place : best)
}

function radians(degrees: number): number {
  return (degrees * Math.PI) / 180
}

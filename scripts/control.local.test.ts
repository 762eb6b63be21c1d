// Tries the control port as somebody would who should not use it, and what an injection that does not fit answers.

import { request } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import { loadTopology } from '../topologies/load.ts'
import type { Step } from '../topologies/substrate.ts'
import { openControl, type ControlHandler, type ControlServer } from './control.ts'
import { inject } from './injection.ts'

const token = 'a'.repeat(48)
let server: ControlServer | undefined
afterEach(() => server?.close())

async function call(handle: ControlHandler, headers: Record<string, string>, body = ''): Promise<{ status: number; answer: { errors?: { code: string }[] } }> {
  server = await openControl(token, handle)
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port: server!.port, path: '/inject', method: 'POST', headers }, (response) => {
      let text = ''
      response.on('data', (chunk: Buffer) => { text += chunk.toString() })
      response.on('end', () => resolve({ status: response.statusCode!, answer: JSON.parse(text) as object }))
    })
    asked.on('error', reject)
    asked.end(body)
  })
}

describe('control port', () => {
  it.each([
    ['no token', {}],
    ['a wrong token', { 'x-regatta-token': 'b'.repeat(48) }],
    ['a shorter token', { 'x-regatta-token': 'a' }],
    ['the name of a web page', { 'x-regatta-token': token, host: 'evil.example' }],
  ])('refuses %s and does nothing', async (_, headers) => {
    let called = 0
    expect(await call(async () => { called++ }, headers)).toMatchObject({ status: 401, answer: { errors: [{ code: 'RGT_TOKEN' }] } })
    expect(called).toBe(0)
  })

  it('answers its owner', async () => {
    expect(await call(async (path, body) => ({ path, body }), { 'x-regatta-token': token }, '{"a":1}'))
      .toEqual({ status: 200, answer: { path: '/inject', body: { a: 1 } } })
  })

  it.each([['what is not JSON', '{', 400, 'RGT_COMMAND_REFUSED'], ['a body without end', 'x'.repeat(70_000), 400, 'RGT_COMMAND_REFUSED']])('refuses %s', async (_, body, status, code) => {
    expect(await call(async () => ({}), { 'x-regatta-token': token }, body)).toMatchObject({ status, answer: { errors: [{ code }] } })
  })

  it('tells a defect from a refusal', async () => {
    expect(await call(async () => { throw new TypeError('x') }, { 'x-regatta-token': token })).toMatchObject({ status: 500, answer: { errors: [{ code: 'RGT_DEFECT' }] } })
  })
})

describe('inject', async () => {
  const topology = await loadTopology('three-regions')
  const play = (path: string, body: unknown): { steps: [number, Step][]; answer: unknown } => {
    const steps: [number, Step][] = []
    return { answer: inject({ at: (atUs, step) => void steps.push([atUs, step]) }, topology, 5_000_000, path, body), steps }
  }

  it('declares each primitive with its healing after the time asked for', () => {
    const { steps } = play('/inject', { fault: 'regional-outage', parameters: { region: 'eu-west' }, forUs: 2_000_000 })
    const applied = steps.filter(([, { kind }]) => kind === 'apply')
    const healed = steps.filter(([, { kind }]) => kind === 'heal')
    expect(applied.length).toBeGreaterThan(0)
    expect(healed).toHaveLength(applied.length)
    expect(Math.max(...healed.map(([atUs]) => atUs))).toBe(7_000_000)
  })

  it.each([
    ['an unknown fault', { fault: 'regional-outrage', parameters: {}, forUs: 1 }, /regional-outage/],
    ['a misspelt parameter', { fault: 'regional-outage', parameters: { regoin: 'eu-west' }, forUs: 1 }, /regoin/],
    ['an unknown region', { fault: 'regional-outage', parameters: { region: 'mars' }, forUs: 1 }, /mars/],
    ['a fault for ever', { fault: 'regional-outage', parameters: { region: 'eu-west' }, forUs: 1e12 }, /an hour/],
    ['a body that is none', null, /a map/],
  ])('refuses %s and touches nothing', (_, body, message) => {
    const steps: unknown[] = []
    const attempt = (): unknown => inject({ at: (...step) => void steps.push(step) }, topology, 0, '/inject', body)
    let told = ''
    try {
      attempt()
    } catch (error) {
      told = String(error)
    }
    expect(told).toMatch(message)
    expect(told).toMatch(/^RGT_/)
    expect(steps).toEqual([])
  })
})

// Ports of two claims never meet, and a port that somebody else listens on is passed over.

import { createServer, type Server } from 'node:net'
import { afterAll, afterEach, expect, test } from 'vitest'
import { cleanUp, runProgram } from './child.case.ts'
import { claimRun, type Claim } from './ownership.ts'
import { reservePorts } from './ports.ts'

const held: Claim[] = []
const servers: Server[] = []
afterEach(() => {
  for (const claim of held.splice(0)) claim.release()
  for (const server of servers.splice(0)) server.close()
})
afterAll(cleanUp)

let count = 0
const claim = (): Claim => {
  const made = claimRun(`test-ports-${process.pid}-${count++}`)
  held.push(made)
  return made
}
const overlaps = (a: { from: number; to: number }, b: { from: number; to: number }): boolean => a.from < b.to && b.from < a.to

test('claims made at the same time in one process and in others keep apart', async () => {
  const mine = Array.from({ length: 4 }, claim)
  const others = Promise.all(Array.from({ length: 3 }, () => runProgram<{ from: number; to: number }>((local) => `
    import { claimRun } from ${local('ownership.ts')}
    import { reservePorts } from ${local('ports.ts')}
    const claim = claimRun('test-ports-' + process.pid)
    await reservePorts(claim, 900)
    console.log(JSON.stringify(claim.document.ports))
    process.stdin.on('end', () => { claim.release(); process.exit() }).resume()
  `)))
  await Promise.all(mine.map((one) => reservePorts(one, 900)))
  const programs = await others
  const ranges = [...mine.map(({ document }) => document.ports), ...programs.map(({ said }) => said)]
  ranges.forEach((a, index) => {
    expect(a.to - a.from).toBe(900)
    for (const b of ranges.slice(index + 1)) expect(overlaps(a, b), JSON.stringify([a, b])).toBe(false)
  })
  for (const { child } of programs) child.stdin!.end()
})

test('passes over a port that somebody listens on, and gives no more than was asked for', async () => {
  const first = claim()
  await reservePorts(first, 10)
  const { from } = first.document.ports
  first.release()
  const server = createServer()
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(from + 5, '127.0.0.1', resolve))
  const second = claim()
  const block = await reservePorts(second, 10)
  expect(overlaps(second.document.ports, { from: from + 5, to: from + 6 })).toBe(false)
  const given = Array.from({ length: 10 }, () => block.next())
  expect(new Set(given).size).toBe(10)
  expect(() => block.next()).toThrow(expect.objectContaining({ code: 'RGT_PORT' }))
})

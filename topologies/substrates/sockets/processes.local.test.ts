// The life of children: last words of one that dies, freezing, killing and starting again on the same port, and
// an end for those who do not want to.

import { afterAll, afterEach, expect, test } from 'vitest'
import { cleanUp, lives, scratch, stateOf } from './child.case.ts'
import { claimRun, type Claim } from './ownership.ts'
import { reservePorts } from './ports.ts'
import { supervise, type ProcessSpec, type ProcessState, type Supervisor } from './processes.ts'

const open: { claim: Claim; supervisor: Supervisor }[] = []
afterEach(async () => {
  for (const { claim, supervisor } of open.splice(0)) {
    await supervisor.endAll(100)
    claim.release()
  }
})
afterAll(cleanUp)

let runs = 0
function setUp() {
  const claim = claimRun(`test-processes-${process.pid}-${runs++}`)
  const states: string[] = []
  const lines: string[] = []
  const supervisor = supervise(claim, scratch(), { PATH: process.env.PATH }, {
    line: (_, line) => void lines.push(line),
    state: (name: string, state: ProcessState) => void states.push(`${name} ${state}`),
  })
  open.push({ claim, supervisor })
  return { claim, supervisor, states, lines }
}

const say = `const ready = () => console.log('["event",{"kind":"ready"}]');`
const program = (name: string, source: string, more: Partial<ProcessSpec> = {}): ProcessSpec => ({ name, command: process.execPath, args: ['-e', say + source, '--'], ...more })

test('one that dies at start is an error with its last words, whenever it is asked for', async () => {
  const { supervisor, states } = setUp()
  supervisor.start(program('gateway/x', `process.stderr.write('no port for me'); process.exitCode = 3`))
  const expected = { code: 'RGT_PROCESS_EXIT', message: expect.stringContaining('exit code 3') as string, details: { found: 'no port for me' } }
  await expect(supervisor.ready('gateway/x', 10_000)).rejects.toMatchObject(expected)
  await expect(supervisor.ready('gateway/x', 10_000)).rejects.toMatchObject(expected)
  expect(states).toEqual(['gateway/x started', 'gateway/x exited'])
})

test('one that is killed by a signal, and one that is no program, are errors that say so', async () => {
  const { supervisor } = setUp()
  supervisor.start(program('a', `process.kill(process.pid, 'SIGABRT')`))
  supervisor.start({ name: 'b', command: '/nowhere/at/all', args: [] })
  await Promise.all([
    expect(supervisor.ready('a', 10_000)).rejects.toMatchObject({ code: 'RGT_PROCESS_EXIT', message: expect.stringContaining('SIGABRT') as string }),
    expect(supervisor.ready('b', 10_000)).rejects.toMatchObject({ code: 'RGT_PROCESS_EXIT', details: { found: expect.stringContaining('ENOENT') as string } }),
  ])
})

test('one that never says that it is ready is an error after its time', async () => {
  const { supervisor } = setUp()
  supervisor.start(program('a', `console.log('["event",{"kind":"log"}]'); setInterval(() => {}, 1000)`))
  await expect(supervisor.ready('a', 50)).rejects.toMatchObject({ code: 'RGT_SUBSTRATE_START' })
})

test.runIf(process.platform === 'linux')('what each process used of the processor is told while it runs, and grows with what it does', async () => {
  const { supervisor } = setUp()
  supervisor.start(program('idle', `ready(); setInterval(() => {}, 1000)`))
  supervisor.start(program('busy', `const until = performance.now() + 400; while (performance.now() < until); ready(); setInterval(() => {}, 1000)`))
  await Promise.all(['idle', 'busy'].map((name) => supervisor.ready(name, 10_000)))
  const { idle, busy } = supervisor.processorUs()
  expect(busy - idle).toBeGreaterThan(50_000)
  await supervisor.kill('idle')
  expect(Object.keys(supervisor.processorUs())).toEqual(['busy'])
})

test('every process is in the claim, by more than its number', async () => {
  const { supervisor, claim } = setUp()
  const child = supervisor.start(program('a', `ready(); setInterval(() => {}, 1000)`))
  await supervisor.ready('a', 10_000)
  expect(claim.document.processes).toEqual([{ name: 'a', pid: child.pid, startTime: expect.stringMatching(/./) as string }])
})

test.skipIf(process.platform !== 'linux')('a paused one is stopped and says nothing; resumed it goes on', async () => {
  const { supervisor, lines, states } = setUp()
  const child = supervisor.start(program('a', `ready(); setInterval(() => console.log('tick'), 5)`))
  await expect.poll(() => lines.includes('tick')).toBe(true)
  supervisor.pause('a')
  await expect.poll(() => stateOf(child.pid!)).toBe('T')
  await new Promise((resolve) => setTimeout(resolve, 30))
  const before = lines.length
  await new Promise((resolve) => setTimeout(resolve, 60))
  expect(lines.length).toBe(before)
  supervisor.resume('a')
  await expect.poll(() => lines.length).toBeGreaterThan(before)
  expect(states).toEqual(['a started', 'a ready', 'a paused', 'a resumed'])
})

test('killed it refuses, started again it serves on the same port with the same bootstrap', async () => {
  const { supervisor, claim, states } = setUp()
  const port = (await reservePorts(claim, 1)).next()
  supervisor.start(program('a', `
    const { port } = JSON.parse(require('node:fs').readFileSync(process.argv.at(-1)))
    require('node:http').createServer((_, response) => response.end(String(process.pid))).listen(port, '127.0.0.1', ready)`, { bootstrap: { port } }))
  const ask = (): Promise<string> => fetch(`http://127.0.0.1:${port}`, { headers: { connection: 'close' } }).then((response) => response.text())
  await supervisor.ready('a', 10_000)
  const first = await ask()
  for (let time = 0; time < 3; time++) {
    await supervisor.kill('a')
    expect(lives(Number(first))).toBe(false)
    await expect(ask()).rejects.toThrow()
    supervisor.restart('a')
    await supervisor.ready('a', 10_000)
  }
  expect(await ask()).not.toBe(first)
  expect(states.filter((state) => state === 'a exited')).toEqual([])
  expect(states.filter((state) => state === 'a killed').length).toBe(3)
})

test('tells a line to standard input, and how one that ends by itself ended', async () => {
  const { supervisor, states } = setUp()
  supervisor.start(program('a', `process.stdin.on('data', (text) => process.exit(Number(text)))`, { ends: true }))
  supervisor.tell('a', '7')
  expect(await supervisor.ended('a')).toBe(7)
  expect(states).toEqual(['a started'])
})

test('what is asked to end does so in its own time, and is killed when that is over', async () => {
  const { supervisor, states } = setUp()
  const polite = supervisor.start(program('polite', `process.on('SIGTERM', () => setTimeout(() => process.exit(0), 50)); setInterval(() => {}, 1000); ready()`))
  const deaf = supervisor.start(program('deaf', `process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); ready()`))
  await Promise.all(['polite', 'deaf'].map((name) => supervisor.ready(name, 10_000)))
  await supervisor.end('polite', 10_000)
  await supervisor.end('deaf', 100)
  expect([polite.exitCode, deaf.signalCode]).toEqual([0, 'SIGKILL'])
  expect(states.filter((state) => !state.endsWith('started') && !state.endsWith('ready'))).toEqual(['polite exited', 'deaf killed'])
  await supervisor.end('polite', 100)
})

test('everything ends, also what is frozen and what will not hear', async () => {
  const { supervisor } = setUp()
  const polite = supervisor.start(program('polite', `process.stdin.on('end', () => process.exit(0)).resume(); ready()`))
  const frozen = supervisor.start(program('frozen', `process.stdin.on('end', () => process.exit(0)).resume(); ready()`))
  const deaf = supervisor.start(program('deaf', `process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); ready()`))
  await Promise.all(['polite', 'frozen', 'deaf'].map((name) => supervisor.ready(name, 10_000)))
  supervisor.pause('frozen')
  await supervisor.endAll(300)
  expect([polite, frozen, deaf].filter(({ pid }) => lives(pid!))).toEqual([])
  expect(deaf.signalCode).toBe('SIGKILL')
})

test('a name that nobody has is an error', () => {
  const { supervisor } = setUp()
  expect(() => supervisor.pause('nobody')).toThrow(expect.objectContaining({ code: 'RGT_PROCESS_EXIT' }))
})

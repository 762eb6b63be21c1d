// The adapter against a real daemon: a network and a container with files, heard line by line until it ends,
// with its files again after a start, and gone afterwards, whatever state it was in.

import { afterAll, expect } from 'vitest'
import { docker, dockerTest, named, program } from './docker.case.ts'
import { createArguments } from './container.ts'

const networks: string[] = []
const containers: string[] = []
afterAll(async () => {
  for (const name of containers) await docker.remove(name)
  for (const name of networks) await docker.removeNetwork(name)
})

async function network(): Promise<string> {
  const name = named('net')
  networks.push(name)
  await docker.createNetwork(name, { 'regatta.test/of': 'docker' })
  return name
}

const container = (): string => {
  const name = named('box')
  containers.push(name)
  return name
}

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const { createServer } = await import('node:net')
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}

const server = `
const fs = require('fs')
fs.appendFileSync('/var/lib/regatta/lives', 'x')
let written = 'yes'
try { fs.writeFileSync('/etc/regatta/other', '') } catch (error) { written = error.code }
let root = 'yes'
try { fs.writeFileSync('/anywhere', '') } catch (error) { root = error.code }
console.log(JSON.stringify({
  uid: process.getuid(), secret: fs.readFileSync('/etc/regatta/bootstrap.json', 'utf8'), mode: (fs.statSync('/etc/regatta/bootstrap.json').mode & 0o777).toString(8),
  written, root, lives: fs.readFileSync('/var/lib/regatta/lives', 'utf8').length,
}))
require('http').createServer((request, response) => { console.log('asked ' + request.url); response.end('hello') }).listen(8080)
process.stdin.on('end', () => process.exit(0)).resume()
`

dockerTest('a container has its files and its port, and is heard to its end, frozen or killed, and after its start', async () => {
  const net = await network()
  const name = container()
  const port = await freePort()
  await docker.run(program(server, {
    name, network: net, labels: { 'regatta.test/of': 'docker' }, publish: [{ inside: 8080, port }],
    files: { '/etc/regatta/bootstrap.json': '{"token":"t"}' }, state: ['/var/lib/regatta'],
  }))
  const lines: string[] = []
  const following = docker.follow(name, (line) => lines.push(line))
  await expect.poll(() => lines.length).toBe(1)
  expect(JSON.parse(lines[0])).toEqual({ uid: 1000, secret: '{"token":"t"}', mode: '400', written: 'EACCES', root: 'EROFS', lives: 1 })

  const ask = async (path: string): Promise<string> => (await fetch(`http://127.0.0.1:${port}${path}`, { signal: AbortSignal.timeout(1_000) })).text()
  expect(await ask('/1')).toBe('hello')
  expect(await docker.addressOf(name, net)).toMatch(/^\d+\.\d+\.\d+\.\d+$/)

  await docker.pause(name)
  await docker.pause(name)
  await expect(ask('/2')).rejects.toThrow()
  await docker.unpause(name)
  await docker.unpause(name)
  expect(await ask('/3')).toBe('hello')

  await docker.kill(name)
  await docker.kill(name)
  await following.ended
  await expect(ask('/4')).rejects.toThrow()
  // What came while it was frozen was answered late or never; each line was heard once.
  expect(lines.filter((line) => line === 'asked /1').length).toBe(1)
  expect(lines.filter((line) => line === 'asked /3').length).toBe(1)

  await docker.start(name)
  await docker.start(name)
  const again: string[] = []
  const second = docker.follow(name, (line) => again.push(line))
  await expect.poll(() => again.filter((line) => line.startsWith('{')).length, { timeout: 10_000 }).toBe(2)
  expect(again.slice(0, lines.length)).toEqual(lines)
  expect(JSON.parse(again.at(-1)!)).toMatchObject({ secret: '{"token":"t"}', lives: 2 })
  await expect.poll(() => ask('/5').catch(() => '')).toBe('hello')
  await expect.poll(() => again.at(-1)).toBe('asked /5')

  expect((await docker.exec(name, ['node', '-p', '1 + 1'])).trim()).toBe('2')
  await expect(docker.exec(name, ['node', '-e', 'throw new Error("of mine")'])).rejects.toMatchObject({ code: 'RGT_DOCKER', details: { found: expect.stringContaining('Error: of mine') as string } })
  expect(await docker.containers('regatta.test/of=docker')).toContain(name)
  expect((await docker.attached(net)).map((one) => one.name)).toEqual([name])

  await docker.pause(name)
  await docker.remove(name)
  await docker.remove(name)
  await second.ended
  expect(await docker.containers('regatta.test/of=docker')).not.toContain(name)
  await docker.removeNetwork(net)
  await docker.removeNetwork(net)
  expect((await docker.labelledNetworks('regatta.test/of')).map((one) => one.name)).not.toContain(net)
})

dockerTest('no line is lost or heard twice when the daemon turns to a new file, and a long one is whole', async () => {
  const name = container()
  const count = 30_000
  const spec = program(`
    let n = 0
    const timer = setInterval(() => {
      let text = ''
      for (let i = 0; i < 50; i++) text += 'line ' + n++ + ' ' + 'x'.repeat(200) + '\\n'
      process.stdout.write(text)
      if (n < ${count}) return
      clearInterval(timer)
      process.stdout.write('ü'.repeat(30000) + '\\nend\\n')
    }, 5)
    process.stdin.resume()
  `, { name, network: 'bridge' })
  // The same with files of a size that a test can fill.
  const args = createArguments(spec).map((argument) => (argument === 'max-size=32m' ? 'max-size=1m' : argument))
  await import('./command.ts').then(({ dockerCommand }) => dockerCommand({ command: 'docker', host: null }).ask(['run', '--detach', ...args], { what: 'start a talker', timeoutMs: 30_000 }))
  const heard: number[] = []
  let long = ''
  let end = false
  const following = docker.follow(name, (line) => {
    if (line.startsWith('line ')) heard.push(Number(line.split(' ')[1]))
    else if (line === 'end') end = true
    else long = line
  })
  await expect.poll(() => end, { timeout: 60_000 }).toBe(true)
  following.stop()
  await following.ended
  expect(heard.length).toBe(count)
  expect(heard.every((n, index) => n === index)).toBe(true)
  expect(long).toBe('ü'.repeat(30_000))
  await docker.remove(name)
})

dockerTest('what cannot be started leaves nothing and says why', async () => {
  const name = container()
  await expect(docker.run(program('', { name, network: 'bridge', image: 'regatta.invalid/none:1' }))).rejects.toMatchObject({ code: 'RGT_IMAGE' })
  await expect(docker.run(program('', { name, network: 'bridge', command: ['/not/there'] }))).rejects.toMatchObject({ code: 'RGT_DOCKER', details: { found: expect.stringContaining('/not/there') as string } })
  await expect(docker.run(program('', { name, network: named('none') }))).rejects.toMatchObject({ code: 'RGT_DOCKER' })
  expect(await docker.containers(`name=${name}`)).toEqual([])
  await expect(docker.addressOf(name, 'bridge')).rejects.toMatchObject({ code: 'RGT_DOCKER' })
  await docker.run(program('console.error("first"); console.log("out"); console.error("last"); process.exit(3)', { name, network: 'bridge' }))
  await expect.poll(() => docker.lastWords(name)).toBe('first | last')
  await expect(docker.run(program('', { name, network: 'bridge' }))).rejects.toMatchObject({ code: 'RGT_DOCKER' })
  expect(await docker.lastWords(name)).toBe('first | last')
  await docker.remove(name)
})

// Real images of the programs of this house: they start as they are, as an ordinary user, and are found again.

import { afterAll, expect } from 'vitest'
import { rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundlePrograms } from '../../sockets/bundle.ts'
import { baseImage, docker, dockerTest, named } from '../docker/docker.case.ts'
import { programFolder } from '../manifests/region.ts'
import { runImages } from './images.ts'

const container = named('gateway')
const workDir = join(tmpdir(), named('images'))
afterAll(() => {
  rmSync(workDir, { recursive: true, force: true })
  return docker.remove(container).catch(() => {})
})

dockerTest('programs of both images start', async () => {
  const request = { docker, programs: await bundlePrograms(), baseImage, toxiproxy: null, toxiproxyReason: 'not wanted here', workDir, progress() {} }
  const images = await runImages(request)
  expect(await runImages(request)).toEqual({ ...images, built: [] })
  for (const [image, program] of [[images.gateway, 'gateway'], [images.gateway, 'control-plane'], [images.testbed, 'services'], [images.testbed, 'fault-proxy'], [images.testbed, 'generator']]) {
    // Without a bootstrap file each says so, which it can only when all that it imports is there.
    const said = await docker.tryProgram(image, ['node', `${programFolder}/${program}.mjs`]).catch((error: unknown) => String(error))
    expect(said, program).toContain('RGT_BOOTSTRAP')
  }
  expect((await docker.images('regatta.dev/image')).map(({ tag }) => tag)).toEqual(expect.arrayContaining([images.gateway, images.testbed]))
})

// What is written is what tar(1) reads: names, contents, modes and owners.

import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { tarOf } from './tar.ts'

const list = (bytes: Uint8Array): string[][] => execFileSync('tar', ['--list', '--verbose', '--numeric-owner', '--file', '-'], { input: bytes, encoding: 'utf8' })
  .trim().split('\n').map((line) => line.split(/\s+/)).map((fields) => [fields[0], fields[1], fields[2], fields.at(-1)!])

test('files and folders have their owner and mode', () => {
  const bytes = tarOf([
    { name: 'regatta/', mode: 0o700, uid: 1000, gid: 1001 },
    { name: 'regatta/bootstrap.json', content: Buffer.from('{"ü":1}'), mode: 0o400, uid: 1000, gid: 1000 },
    { name: 'empty', mode: 0o644, uid: 0, gid: 0 },
    { name: 'large', content: new Uint8Array(1_500), mode: 0o555, uid: 0, gid: 0 },
  ])
  expect(bytes.length % 512).toBe(0)
  expect(list(bytes)).toEqual([
    ['drwx------', '1000/1001', '0', 'regatta/'], ['-r--------', '1000/1000', '8', 'regatta/bootstrap.json'],
    ['-rw-r--r--', '0/0', '0', 'empty'], ['-r-xr-xr-x', '0/0', '1500', 'large'],
  ])
  expect(execFileSync('tar', ['--extract', '--to-stdout', '--file', '-', 'regatta/bootstrap.json'], { input: bytes, encoding: 'utf8' })).toBe('{"ü":1}')
})

test('a name that does not fit is refused', () => {
  expect(() => tarOf([{ name: 'n'.repeat(101), mode: 0o400, uid: 0, gid: 0 }])).toThrow(RangeError)
})

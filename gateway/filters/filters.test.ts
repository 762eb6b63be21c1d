// Path modifiers and redirects by the tables of the Gateway API.

import { expect, test } from 'vitest'
import { Fields } from '../protocols/fields.ts'
import type { RequestHead } from '../protocols/message.ts'
import type { SnapshotMatch } from '../snapshot/snapshot.ts'
import { changeHeaders } from './headers.ts'
import { modifyPath } from './path.ts'
import { redirectLocation, type RedirectFilter } from './redirect.ts'

const prefix = (value: string): SnapshotMatch => ({ path: { type: 'PathPrefix', value }, method: null, headers: [], query: [] })

// HTTPPathModifier.replacePrefixMatch: request path, prefix match, replacement, modified path.
test.each([
  ['/foo/bar', '/foo', '/xyz', '/xyz/bar'], ['/foo/bar', '/foo', '/xyz/', '/xyz/bar'], ['/foo/bar', '/foo/', '/xyz', '/xyz/bar'],
  ['/foo/bar', '/foo/', '/xyz/', '/xyz/bar'], ['/foo', '/foo', '/xyz', '/xyz'], ['/foo/', '/foo', '/xyz', '/xyz/'],
  ['/foo/bar', '/foo', '', '/bar'], ['/foo/', '/foo', '', '/'], ['/foo', '/foo', '', '/'], ['/foo/', '/foo', '/', '/'], ['/foo', '/foo', '/', '/'],
  ['/foo', '/', '/xyz', '/xyz/foo'],
])('%s under %s replaced by %j becomes %s', (path, matched, value, result) => {
  expect(modifyPath({ type: 'ReplacePrefixMatch', value }, path, prefix(matched))).toBe(result)
})

const plain: RedirectFilter = { type: 'RequestRedirect', scheme: null, hostname: null, port: null, path: null, statusCode: 302 }
const head = (authority: string): RequestHead => ({
  method: 'GET', path: '/a', query: 'b=c', hasQuery: true, authority, host: authority.split(':')[0], fields: new Fields(), bodyLength: 0,
  expectsContinue: false, keepAlive: true, minor: 1,
})

test.each<[Partial<RedirectFilter>, string, string]>([
  [{ hostname: 'new.test' }, 'old.test', 'http://new.test/a?b=c'],
  [{ hostname: 'new.test' }, 'old.test:8080', 'http://new.test:8080/a?b=c'],
  [{ scheme: 'https' }, 'old.test:8080', 'https://old.test/a?b=c'],
  [{ scheme: 'https', port: 8443 }, 'old.test', 'https://old.test:8443/a?b=c'],
  [{ port: 80 }, 'old.test:8080', 'http://old.test/a?b=c'],
  [{ path: { type: 'ReplaceFullPath', value: '/z' } }, 'old.test', 'http://old.test/z?b=c'],
])('redirect %j from %s goes to %s', (filter, authority, location) => {
  expect(redirectLocation({ ...plain, ...filter }, head(authority), prefix('/'), 'http')).toBe(location)
})

test('header changes set, add and remove', () => {
  const fields = new Fields()
  for (const [name, value] of [['a', '1'], ['a', '2'], ['b', '3'], ['c', '4']]) fields.append(name, value)
  changeHeaders(fields, [{ set: [['a', 'x']], add: [['b', 'y']], remove: ['c'] }])
  expect([fields.get('a'), fields.get('b'), fields.get('c')]).toEqual(['x', '3, y', undefined])
})

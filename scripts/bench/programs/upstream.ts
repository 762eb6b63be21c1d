// The tiny upstream where nginx is not to be had: the same answer to everything.

import { createServer } from 'node:http'

const [port, bytes] = process.argv.slice(2).map(Number)
const body = 'x'.repeat(bytes)
createServer((_, response) => {
  response.writeHead(200, { 'content-type': 'text/plain', 'content-length': bytes })
  response.end(body)
}).listen(port, '127.0.0.1')
process.stdin.on('end', () => process.exit(0)).resume()

// Requests sent from inside pods: there the mesh gives them the pod's identity, as it does to what runs there. A program of a
// few lines is handed to the Node of the container, asks as it is told, and says what came back.

import type { Nodes } from '../nodes.ts'

export interface Ask { address: string; port: number; host: string; method: string; path: string }

/** `echoed`: the service itself answered, and says which path it got; empty where it may not say (HEAD). */
export interface Heard { status: number; echoed: boolean; path: string; body: string }

export interface Pod { container: string; namespace: string; name: string }

/** Arguments of a program may be so long (Linux: 128 KiB each). */
const mostAsked = 250

/** In the order of `asks`. What nobody answered in time has status 0. Throws RGT_DOCKER, RGT_UNSUPPORTED. */
export async function askInPod(nodes: Nodes, { container, namespace, name }: Pod, asks: readonly Ask[]): Promise<Heard[]> {
  const heard: Heard[] = []
  for (let at = 0; at < asks.length; at += mostAsked) {
    const some = JSON.stringify(asks.slice(at, at + mostAsked))
    heard.push(...JSON.parse(await nodes.run({ container, namespace, pod: name }, ['node', '-e', program, some])) as Heard[])
  }
  return heard
}

/** Paths go out as they are: a library that cleans them up would hide what is asked about. */
const program = `
const { connect } = require('node:net')
const asks = JSON.parse(process.argv[1]), heard = []
let next = 0
const ask = ({ address, port, host, method, path }) => new Promise((resolve) => {
  let text = ''
  const socket = connect({ host: address, port }, () => socket.write(method + ' ' + path + ' HTTP/1.1\\r\\nhost: ' + host + '\\r\\nconnection: close\\r\\ncontent-length: 0\\r\\n\\r\\n', 'latin1'))
  socket.setEncoding('latin1').setTimeout(3000, () => socket.destroy()).on('data', (piece) => { text += piece }).on('error', () => {}).on('close', () => {
    const [head, body = ''] = text.split('\\r\\n\\r\\n')
    const path = /"path":("(?:[^"\\\\\\\\]|\\\\\\\\.)*")/.exec(body)
    resolve({ status: Number(head.split(' ')[1] ?? 0) || 0, echoed: /\\r\\nx-echo-region:/i.test(head), path: path === null ? '' : JSON.parse(path[1]), body: body.slice(0, 120) })
  })
})
const worker = async () => { for (let at = next++; at < asks.length; at = next++) heard[at] = await ask(asks[at]) }
Promise.all(Array.from({ length: 8 }, worker)).then(() => process.stdout.write(JSON.stringify(heard)))
`

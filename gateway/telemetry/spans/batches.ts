// Kept spans, gathered until a batch is full or has waited for some seconds, then handed over with its buffer. What the
// exporter has no room for is shed there and counted there.

import type { SpanBatch, SpanExporter } from '../export/exporter.ts'
import { markKept, maxSpanBytes } from './codec.ts'
import type { NameTable } from './names.ts'
import type { KeepReason } from './span.ts'

const batchBytes = 65_536
/** A message to the collector costs more than the few spans of a budget that it carries; so long OpenTelemetry's processors wait too. */
export const defaultWaitUs = 5_000_000
/** Once something changed: what was gathered before is not taken for what came after. */
const hurriedWaitUs = 500_000

export class SpanBatches {
  /** Spans handed to the exporter. */
  handed = 0
  readonly #exporter: SpanExporter
  readonly #names: NameTable
  #view: DataView<ArrayBuffer> | null = null
  #at = 0
  #spans = 0
  #sinceUs = 0
  readonly #longestWaitUs: number
  #waitUs: number

  constructor(exporter: SpanExporter, names: NameTable, longestWaitUs: number) {
    this.#exporter = exporter
    this.#names = names
    this.#longestWaitUs = this.#waitUs = longestWaitUs
  }

  /** What is gathered by now goes soon. */
  hurry(): void {
    if (this.#view !== null) this.#waitUs = Math.min(hurriedWaitUs, this.#longestWaitUs)
  }

  /** Where the next span may be written, up to `maxSpanBytes`. */
  reserve(nowUs: number): DataView {
    if (this.#view !== null && this.#at + maxSpanBytes > batchBytes) this.flush()
    if (this.#view === null) {
      this.#view = new DataView(new ArrayBuffer(batchBytes))
      this.#sinceUs = nowUs
    }
    return this.#view
  }

  /** In the view of `reserve`. */
  get at(): number {
    return this.#at
  }

  commit(length: number, reason: KeepReason): void {
    markKept(this.#view!, this.#at, reason)
    this.#at += length
    this.#spans++
  }

  /** A span that was written elsewhere. */
  copy(from: DataView, at: number, reason: KeepReason, nowUs: number): void {
    const view = this.reserve(nowUs)
    const length = from.getUint16(at)
    new Uint8Array(view.buffer, this.#at, length).set(new Uint8Array(from.buffer, from.byteOffset + at, length))
    this.commit(length, reason)
  }

  tick(nowUs: number): void {
    if (this.#view !== null && nowUs - this.#sinceUs >= this.#waitUs) this.flush()
  }

  flush(): void {
    if (this.#view === null) return
    const batch: SpanBatch = { spans: this.#spans, bytes: this.#view.buffer.transfer(this.#at), names: this.#names.untold }
    this.handed += this.#spans
    this.#view = null
    this.#at = 0
    this.#spans = 0
    this.#waitUs = this.#longestWaitUs
    this.#names.told()
    this.#exporter.export(batch)
  }
}

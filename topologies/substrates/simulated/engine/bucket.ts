// The events that are due now, by time: a small sorted array that is eaten from the front. A bucket usually holds a
// handful, which insertion sorts fastest; a crowded one (everything of a topology at one time) is merged as well.

/** Length of the runs that insertion sorts. */
const runLength = 24

export class Bucket {
  #nodes = new Int32Array(64)
  #times = new Float64Array(64)
  #from = 0
  #to = 0
  /** The other side of a merge; made when a bucket is first crowded. */
  #otherNodes = new Int32Array(0)
  #otherTimes = new Float64Array(0)

  get empty(): boolean {
    return this.#from === this.#to
  }

  get firstUs(): number {
    return this.#times[this.#from]
  }

  shift(): number {
    return this.#nodes[this.#from++]
  }

  /** After everything that is due at the same time or before. */
  insert(node: number, atUs: number): void {
    if (this.#from === this.#to) this.#from = this.#to = 0
    if (this.#to === this.#nodes.length) this.#makeRoom()
    const nodes = this.#nodes
    const times = this.#times
    const from = this.#from
    let at = this.#to++
    for (; at > from && times[at - 1] > atUs; at--) {
      nodes[at] = nodes[at - 1]
      times[at] = times[at - 1]
    }
    nodes[at] = node
    times[at] = atUs
  }

  /** To an empty bucket, one after another, newest first; then `sort`. */
  append(node: number, atUs: number): void {
    if (this.#from === this.#to) this.#from = this.#to = 0
    if (this.#to === this.#nodes.length) this.#makeRoom()
    this.#nodes[this.#to] = node
    this.#times[this.#to++] = atUs
  }

  /** What was appended, by time; those of one time oldest first. */
  sort(): void {
    const size = this.#to
    if (size < 2) return
    this.#reverse()
    for (let from = 0; from < size; from += runLength) this.#sortRun(from, Math.min(from + runLength, size))
    if (size <= runLength) return
    if (this.#otherNodes.length < this.#nodes.length) {
      this.#otherNodes = new Int32Array(this.#nodes.length)
      this.#otherTimes = new Float64Array(this.#times.length)
    }
    for (let length = runLength; length < size; length *= 2) {
      for (let from = 0; from < size; from += 2 * length) {
        this.#merge(from, Math.min(from + length, size), Math.min(from + 2 * length, size))
      }
      this.#swapSides()
    }
  }

  #reverse(): void {
    const nodes = this.#nodes
    const times = this.#times
    for (let low = 0, high = this.#to - 1; low < high; low++, high--) {
      const node = nodes[low]
      nodes[low] = nodes[high]
      nodes[high] = node
      const atUs = times[low]
      times[low] = times[high]
      times[high] = atUs
    }
  }

  #sortRun(from: number, to: number): void {
    const nodes = this.#nodes
    const times = this.#times
    for (let next = from + 1; next < to; next++) {
      const node = nodes[next]
      const atUs = times[next]
      let at = next
      for (; at > from && times[at - 1] > atUs; at--) {
        nodes[at] = nodes[at - 1]
        times[at] = times[at - 1]
      }
      nodes[at] = node
      times[at] = atUs
    }
  }

  /** Two sorted runs, from..middle and middle..to, into one on the other side; the first wins where times are equal. */
  #merge(from: number, middle: number, to: number): void {
    let left = from
    let right = middle
    for (let at = from; at < to; at++) {
      const takeLeft = right === to || (left < middle && this.#times[left] <= this.#times[right])
      const source = takeLeft ? left++ : right++
      this.#otherNodes[at] = this.#nodes[source]
      this.#otherTimes[at] = this.#times[source]
    }
  }

  #swapSides(): void {
    const nodes = this.#nodes
    this.#nodes = this.#otherNodes
    this.#otherNodes = nodes
    const times = this.#times
    this.#times = this.#otherTimes
    this.#otherTimes = times
  }

  #makeRoom(): void {
    const nodes = new Int32Array(this.#nodes.length * 2)
    nodes.set(this.#nodes)
    this.#nodes = nodes
    const times = new Float64Array(this.#times.length * 2)
    times.set(this.#times)
    this.#times = times
  }
}

// Where the exporting thread's program is: beside this file in the source, beside the gateway's bundle as a bundle of its own.

/** `from`: address of the file that asks, as `import.meta.url`. */
export const workerAddress = (from: string): URL => new URL(from.endsWith('.ts') ? './worker.ts' : './span-exporter.mjs', from)

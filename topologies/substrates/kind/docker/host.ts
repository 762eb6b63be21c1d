/** A daemon behind a socket file shares this machine's memory and files, or lives in a virtual machine that tells less. */
export const isHere = (host: string | null = null): boolean => host === null || host.startsWith('unix://')

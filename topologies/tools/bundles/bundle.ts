// What a bundle is: Kubernetes manifests that others publish, pinned, and had from their own distribution when they are
// first needed. Beside tools, because it is the same question: where is it, and what serves when it cannot be had.

export interface Bundle {
  /** Same as the file's name and the key in the registry. */
  name: string
  /** What it is used for here. */
  purpose: string
  /** Published as files of a Go module, so that one checksum serves every way to it. */
  module: string
  version: string
  /** `h1:` of the module as Go's checksum database has it (golang.org/x/mod/sumdb/dirhash, Hash1). */
  sum: string
  /** Folder of the module that holds the manifests. */
  folder: string
  /** Kinds that are wanted; other manifests beside them are left out. */
  kinds: string[]
  /** How a person gets it by hand. */
  hint: string
}

/** One object of a manifest, in wire form. */
export interface Manifest { apiVersion: string; kind: string; metadata: { name: string; namespace?: string } }

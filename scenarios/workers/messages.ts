// What a pool and its workers say to each other: one question, one answer. Errors lose their class on the way, so
// a coded error travels as its parts.

import type { ErrorDetails } from '../../gateway/errors.ts'

export interface Question { job: unknown }

export type Answer =
  | { ok: true; result: unknown }
  | { ok: false; error: { code: string; message: string; details: ErrorDetails } }

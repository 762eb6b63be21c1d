// Closes the connection once `bytes` have gone through; the count starts when the toxic meets the connection.

import { nothingHeld, type ToxicKind } from './toxic.ts'

export const limitData: ToxicKind<{ bytes: number }> = {
  defaults: { bytes: 0 },
  pipe(stub, initial) {
    let attributes = initial
    let passed = 0
    return {
      ...nothingHeld,
      push(chunk) {
        const part = chunk.subarray(0, Math.max(0, attributes.bytes - passed))
        passed += part.length
        if (part.length > 0) stub.emit(part)
        if (passed >= attributes.bytes) stub.close('after-held')
      },
      end: stub.finish,
      update(next) { attributes = next },
      release() {},
      discard() {},
    }
  },
}

// Lets data through and delays the end of the stream by `delay` milliseconds.

import { createAlarm } from '../alarms.ts'
import { nothingHeld, type ToxicKind } from './toxic.ts'

export const slowClose: ToxicKind<{ delay: number }> = {
  defaults: { delay: 0 },
  pipe(stub, initial) {
    let attributes = initial
    const alarm = createAlarm(() => stub.finish())
    return {
      ...nothingHeld,
      push: stub.emit,
      end: () => stub.alarms.set(alarm, stub.alarms.clock.nowUs() + attributes.delay * 1000),
      update(next) {
        attributes = next
        if (alarm.at !== -1) this.end()
      },
      release() {
        if (alarm.at === -1) return
        stub.alarms.cancel(alarm)
        stub.finish()
      },
      discard: () => stub.alarms.cancel(alarm),
    }
  },
}

// Swallows all data in silence. After `timeout` milliseconds without any the connection closes; 0 = never.
// Removing the toxic closes the connection, because the stream has a hole in it now.

import { createAlarm } from '../alarms.ts'
import { nothingHeld, type ToxicKind } from './toxic.ts'

export const timeout: ToxicKind<{ timeout: number }> = {
  defaults: { timeout: 0 },
  pipe(stub, initial) {
    let attributes = initial
    const alarm = createAlarm(() => stub.close('after-held'))
    const wait = (): void => {
      if (attributes.timeout > 0) stub.alarms.set(alarm, stub.alarms.clock.nowUs() + attributes.timeout * 1000)
      else stub.alarms.cancel(alarm)
    }
    wait()
    return {
      ...nothingHeld,
      push: wait,
      end: () => stub.close('after-held'),
      update(next) {
        attributes = next
        wait()
      },
      release: () => stub.close('after-held'),
      discard: () => stub.alarms.cancel(alarm),
    }
  },
}

// On the first data, and after `timeout` milliseconds, resets the connection towards both sides. Toxiproxy
// sends RST only on connections opened under the toxic; here all of them get it.

import { createAlarm } from '../alarms.ts'
import { nothingHeld, type ToxicKind } from './toxic.ts'

export const resetPeer: ToxicKind<{ timeout: number }> = {
  defaults: { timeout: 0 },
  pipe(stub, initial) {
    let attributes = initial
    const alarm = createAlarm(() => stub.close('reset'))
    const fire = (): void => {
      if (attributes.timeout <= 0) stub.close('reset')
      else if (alarm.at === -1) stub.alarms.set(alarm, stub.alarms.clock.nowUs() + attributes.timeout * 1000)
    }
    return {
      ...nothingHeld,
      push: fire,
      end: fire,
      update(next) { attributes = next },
      release() {
        // What came while the reset was pending is lost, so the stream cannot go on.
        if (alarm.at !== -1) stub.close('reset')
      },
      discard: () => stub.alarms.cancel(alarm),
    }
  },
}

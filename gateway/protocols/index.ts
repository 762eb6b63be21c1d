// The protocols that the data plane speaks. Kind name = file name = registry key.

import type { ProtocolAdapter } from './adapter.ts'
import { http1 } from './http1/http1.ts'

export const protocols: Record<string, ProtocolAdapter> = { http1 }

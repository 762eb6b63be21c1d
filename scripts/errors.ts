// Coded errors of the command line, in the form of the other rooms.

import { CodedError, type ErrorDetails } from '../gateway/errors.ts'

export const commandErrors = {
  RGT_COMMAND_REFUSED: 'the command line asks for what cannot be done now',
} as const

export type CommandErrorCode = keyof typeof commandErrors

export function commandError(message: string, details?: ErrorDetails): CodedError<CommandErrorCode> {
  return new CodedError('RGT_COMMAND_REFUSED', message, details)
}

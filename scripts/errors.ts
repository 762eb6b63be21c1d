// Coded errors of the command line, in the form of the other rooms.

import { CodedError, type ErrorDetails } from '../gateway/errors.ts'

/** Codes of this room; the text is the one-line summary that documentation and `--help` show. */
export const commandErrors = {
  RGT_COMMAND_USAGE: 'a verb, option or argument of the command line is unknown, missing or malformed',
  RGT_COMMAND_REFUSED: 'the command line asks for what cannot be done now',
  RGT_COMMAND_FILE: 'a file that was named holds nothing that Regatta reads',
  RGT_COMMAND_WRITE: 'a file or folder cannot be written',
} as const

export type CommandErrorCode = keyof typeof commandErrors

/** An error of the command line; without another code, one that is refused for now. */
export function commandError(message: string, details?: ErrorDetails, code: CommandErrorCode = 'RGT_COMMAND_REFUSED'): CodedError<CommandErrorCode> {
  return new CodedError(code, message, details)
}

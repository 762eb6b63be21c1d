// The HTML report; being written.
import type { ReportInput } from '../report.ts'
export function html(input: ReportInput): string { return `<!doctype html><title>${input.verdict.verdict}</title>` }

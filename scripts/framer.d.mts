/** The module that framer.wat assembles to, in base64. */
export function assemble(): Promise<string>;

// Values as a draft holds them.
export type Plain = string | number | boolean | null | Plain[] | { [key: string]: Plain };
export type PlainMap = { [key: string]: Plain };

export const isPlainMap = (value: unknown): value is PlainMap =>
  value !== null && typeof value === 'object' && !Array.isArray(value);

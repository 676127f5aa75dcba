// URLs and ports of probes. Pure.

/** @param port '' for the one of the scheme */
export function probeUrl(scheme: string, host: string, port: string, path: string): string {
  const place = `${(scheme || 'http').toLowerCase()}://${host || '127.0.0.1'}${port === '' ? '' : `:${port}`}`;
  return `${place}${path === '' || path.startsWith('/') ? path || '/' : `/${path}`}`;
}

/** The RFC 3339 time that the kubelet puts before a line, and how many characters it takes with its blank. */
export function timeStamp(text: string): { readonly timeMs: number; readonly length: number } | undefined {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)) /.exec(text);
  const stamp = match?.[1];
  const timeMs = stamp === undefined ? NaN : Date.parse(stamp.replace(/(\.\d{3})\d+/, '$1'));
  return stamp === undefined || Number.isNaN(timeMs) ? undefined : { timeMs, length: stamp.length + 1 };
}

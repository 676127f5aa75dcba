// What a `log` probe waits for, found in the bytes as they come.
import { describe, expect, it } from 'vitest';
import { type LineMatch, LineMatcher } from '../../src/logs/writer/line-matcher.ts';

const api = { instance: 'api.1', nonce: 'n1' };

function matching(...patterns: string[]) {
  const found: LineMatch[] = [];
  const matcher = new LineMatcher((match) => found.push(match));
  matcher.expect({ ...api, patterns });
  const feed = (text: string | Buffer, stream = 'o') => matcher.feed('api.1', stream, Buffer.from(text as string));
  return { matcher, feed, found: () => found.map(({ nonce, pattern }) => `${nonce} ${pattern}`) };
}

describe('LineMatcher', () => {
  it('matches whole lines, each pattern once', () => {
    const { feed, found } = matching('^up$', 'port \\d+');
    feed('not up\nup\nup\nport 8');
    expect(found()).toEqual(['n1 ^up$']);
    feed('0\nport 81\n');
    expect(found()).toEqual(['n1 ^up$', 'n1 port \\d+']);
  });

  it('keeps the pieces of a line together, stream by stream, over being asked again', () => {
    const { matcher, feed, found } = matching('^listening$');
    feed('listen', 'e');
    feed('other\n', 'o');
    matcher.expect({ ...api, patterns: ['^listening$'] });
    feed('ing\r\n', 'e');
    expect(found()).toEqual(['n1 ^listening$']);
  });

  it('reports again what the same incarnation has written; another incarnation starts over', () => {
    const { matcher, feed, found } = matching('up');
    feed('up\n');
    matcher.expect({ ...api, patterns: ['up'] });
    expect(found()).toEqual(['n1 up', 'n1 up']);
    feed('half of the old one: u');
    matcher.expect({ instance: 'api.1', nonce: 'n2', patterns: ['up'] });
    feed('p\n');
    expect(found()).toHaveLength(2);
    feed('up\n');
    expect(found()[2]).toBe('n2 up');
  });

  it('matches only the start of a long line, and accepts any bytes', () => {
    const { feed, found } = matching('needle$', 'last');
    for (let piece = 0; piece < 100; piece++) feed('x'.repeat(1_000));
    feed('needle\n');
    feed(Buffer.from([0xff, 0xfe, 0x00, 0x0a]));
    feed('last\n');
    expect(found()).toEqual(['n1 last']);
  });

  it('takes linear time for patterns that never end in other engines', () => {
    const { feed } = matching('(a+)+$');
    const begunMs = performance.now();
    for (let line = 0; line < 20; line++) feed(`${'a'.repeat(4_000)}b\n`);
    expect(performance.now() - begunMs).toBeLessThan(2_000);
  });
});

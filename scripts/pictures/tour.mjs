// What the pictures show: the steps of one session. A step types keys, waits for what they lead to, and is a frame.

const SIZE = { columns: 100, rows: 28 };
const WIDE = { columns: 165, rows: 32 };
const LIVE_MS = 500;
const LETTERS = 3;
const ALL_READY = / 17 ready [\s\S]*worker ×12 +● ready 12\/12[\s\S]*mailer +↻ backoff/;

export const SIZES = { SIZE, WIDE };

/**
 * @param session of `withSession`
 * @param isFilmed false: only the steps, without the seconds between them
 * @returns name of the picture -> { title, frames }
 */
export async function takeTour(session, isFilmed) {
  const film = [];
  const pictures = {};
  const keep = (step, seconds) => film.push({ screen: session.screen(), seconds, step });
  const picture = (name, title) => {
    pictures[name] = { title, frames: [{ screen: session.screen(), seconds: 1, step: name }] };
  };
  /** The view as it lives, for some seconds. */
  const live = async (seconds) => {
    for (let past = 0; isFilmed && past < seconds * 1000; past += LIVE_MS) {
      await new Promise((resolve) => setTimeout(resolve, LIVE_MS));
      await session.shows(/./);
      keep(null, LIVE_MS / 1000);
    }
  };
  const press = async (key, pattern, step, seconds = 1.2) => {
    session.type(key);
    await session.shows(pattern);
    keep(step, seconds);
  };
  /** Some letters at a time, as people type; each frame more makes the film larger. */
  const write = async (text, shown) => {
    for (let start = 0; start < text.length; start += LETTERS) {
      const typed = text.slice(0, start + LETTERS);
      session.type(typed.slice(start));
      await session.shows(shown(typed));
      keep(null, 0.3);
    }
  };

  await session.shows(/NAME +STATE/);
  await live(1.5);
  await session.shows(ALL_READY);
  await session.shows(/POST \/orders/);
  keep('everything runs', 2);
  picture('view', 'orch up: services with their states above, the output of all of them below');
  await live(1);

  await press('j', /▌ +migrate/, null, 0.3);
  await press('j', /▌ +▾ api/, null, 0.3);
  await press('j', /▌ +· api\.1/, 'one instance', 0.2);
  await session.shows(/── api\.1 output/);
  await live(1);
  await press('i', /── api\.1 ─[\s\S]*configuration/, 'details', 2.4);
  picture('details', 'i: what is known about api.1, with the file and line of each value');
  await press('escape', /NAME +STATE/, null, 0.6);

  session.type('l');
  await session.shows(/── api\.1 output ─(?![\s\S]*NAME)/);
  keep('output', 0.8);
  await press('a', /── all output ─/, null, 0.4);
  await session.shows(/"payment refused"/); // else the search finds nothing yet
  await press('/', / search for/, null, 0.4);
  await write('refused', (typed) => new RegExp(`\n search for ${typed}`));
  await press('enter', /search for refused(?![\s\S]*\n search for)[\s\S]*"payment refused"/, 'search', 2);
  picture('search', 'A search in the whole log: matches are highlighted, errors are red');
  await press('q', /── all output ─+ ▼ following/, null, 0.2);
  await press('q', /NAME +STATE/, null, 0.6);

  await press(':', /── : /, null, 0.5);
  await write('re api', (typed) => new RegExp(`── : ${typed}`));
  keep('palette', 1);
  picture('palette', 'The palette finds every command for every service by some letters');
  await write('.2', (typed) => new RegExp(`── : re api\\${typed}`));
  await press('enter', /· api\.2 +(?!● ready)\S/, null, 0.6);
  await live(1);
  await session.shows(/· api\.2 +● ready/);
  keep(null, 2);

  session.resize(WIDE);
  await session.shows(/│ ── .*output[\s\S]*\n \? help/); // the answer to the last command is gone
  picture('wide', 'From 160 columns on: services at the left, their output at the right');
  return {
    ...pictures,
    tour: {
      title: 'The view of orch: output of one instance, what is known about it, a search, a restart by the palette',
      frames: film,
    },
  };
}

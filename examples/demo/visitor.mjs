// Visits the web workers in turn: FIRST_PORT, the next one, ..., until nobody answers, then from the start again.
const firstPort = Number(process.env.FIRST_PORT);
let port = firstPort;

async function visit() {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/`);
    console.log((await response.text()).trim());
    port += 1;
  } catch {
    // Nobody listens there: the pool ends here, or has not started yet.
    if (port === firstPort) console.error(`nobody answers on port ${port} yet`);
    port = firstPort;
  }
}

const timer = setInterval(visit, 1000);
process.on('SIGTERM', () => clearInterval(timer));

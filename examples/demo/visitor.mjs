// Visits the web workers in turn. WEB_PORTS: their ports, with commas.
const ports = process.env.WEB_PORTS.split(',');
let visits = 0;

async function visit() {
  const port = ports[visits++ % ports.length];
  try {
    const response = await fetch(`http://127.0.0.1:${port}/`);
    console.log((await response.text()).trim());
  } catch {
    console.error(`port ${port} does not answer`);
  }
}

const timer = setInterval(visit, 1000);
process.on('SIGTERM', () => clearInterval(timer));

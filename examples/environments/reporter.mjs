// Prints a line now and then.
const timer = setInterval(() => console.log('all is well'), 1000);
process.on('SIGTERM', () => clearInterval(timer));

// Must exist once: were there two of these, every job would be done twice.
let job = 0;

const timer = setInterval(() => {
  job += 1;
  console.log(`job ${job} done by pid ${process.pid}, the only scheduler`);
}, 3000);
console.log(`scheduler started, pid ${process.pid}`);

process.on('SIGTERM', () => {
  clearInterval(timer);
  console.log('scheduler leaves in peace');
});

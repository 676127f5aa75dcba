// floods-channel.mjs: as many messages as go through, and one of 40 MB; then `ready`, and it sends on.
const long = 'x'.repeat(1_000);
const flood = () => {
  for (let count = 0; count < 100; count++) process.send({ cmd: 'NODE_NOTHING', long });
  if (process.send(long)) setImmediate(flood);
  else setTimeout(flood, 1);
};
process.send('y'.repeat(40_000_000), () => process.send('ready', flood));
process.on('message', () => process.exit(0));

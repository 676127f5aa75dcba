// Output that is made to be hard for patterns, then `done`.
for (let i = 0; i < 200; i++) process.stdout.write(`${'a'.repeat(100_000)}\n`);
process.stdout.write(Buffer.from([0xff, 0xfe, 0x0a]));
process.stdout.write('done\n');

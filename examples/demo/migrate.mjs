// A task: prepares what the others need, then ends with exit code 0.
import { renameSync, writeFileSync } from 'node:fs';

const database = new URL('database.json', import.meta.url);
console.log('creating the table of greetings');
writeFileSync(new URL('database.json.new', import.meta.url), JSON.stringify({ greetings: ['hello', 'hi', 'good day'] }));
renameSync(new URL('database.json.new', import.meta.url), database);
console.log('done');

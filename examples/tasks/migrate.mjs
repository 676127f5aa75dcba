// Creates the table. Safe to run again: it starts from what is there.
import { existsSync, writeFileSync } from 'node:fs';

if (!existsSync('table.json')) writeFileSync('table.json', '[]');
console.log('table is there');

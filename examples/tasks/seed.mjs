// Fills the table; fails when there is none, so the order matters.
import { readFileSync, writeFileSync } from 'node:fs';

JSON.parse(readFileSync('table.json', 'utf8'));
writeFileSync('table.json', JSON.stringify(['apple', 'pear', 'plum']));
console.log('three rows');

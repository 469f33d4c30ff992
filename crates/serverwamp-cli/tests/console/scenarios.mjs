// What a person does with the console: one scenario for each test in main.rs, by its name. They stand in files by what they are about.
import { faults } from './faults.mjs';
import { frame } from './frame.mjs';
import { lists } from './lists.mjs';
import { logins } from './logins.mjs';
import { others } from './others.mjs';
import { playground } from './playground.mjs';
import { safety } from './safety.mjs';
import { tabs } from './tabs.mjs';

const scenarios = { ...faults, ...frame, ...lists, ...logins, ...others, ...playground, ...safety, ...tabs };
const name = process.argv[2];
const scenario = scenarios[name];
if (!scenario) throw new Error(`there is no scenario ${name}`);
await scenario();
console.log(`${name}: all as expected`);

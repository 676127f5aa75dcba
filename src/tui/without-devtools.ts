// Ink loads React's devtools, and fails without them, when DEV=true happens to stand in the user's environment. Imported
// before Ink; this process only, for what is started gets its environment from the supervisor.
if (process.env.DEV === 'true') process.env.DEV = 'false';

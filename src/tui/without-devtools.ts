// With DEV=true in the user's environment, Ink loads React's devtools and fails without them. Imported before Ink. Changes
// only this process: instances get their environment from the supervisor.
if (process.env.DEV === 'true') process.env.DEV = 'false';

setInterval(() => console.log("one more job is done"), 1000);

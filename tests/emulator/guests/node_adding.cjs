// A thousand tasks with Node's @azure/batch, as its documentation has it: `task.addCollection` with a hundred at a time.
// node_adding.cjs ENDPOINT ACCOUNT KEY JOB [LARGE]; prints how many results were told, or ends with the error.
"use strict";

const { BatchServiceClient, BatchSharedKeyCredentials } = require("@azure/batch");

const [endpoint, account, key, job, large] = process.argv.slice(2);
const client = new BatchServiceClient(new BatchSharedKeyCredentials(account, key), endpoint);
const tasks = Array.from({ length: 1_000 }, (_, n) => ({ id: `t${n}`, commandLine: "run" }));
if (large) tasks[7].commandLine = "x".repeat(1_200_000);

(async () => {
  let told = 0;
  for (let at = 0; at < tasks.length; at += 100) {
    told += (await client.task.addCollection(job, tasks.slice(at, at + 100))).value.length;
  }
  process.stdout.write(`${told}\n`);
})().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});

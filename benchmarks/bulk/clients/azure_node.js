// Node's @azure/batch: `task.addCollection` with a hundred tasks, as many at a time as requests in flight.
//
// Law: the client as it is, and measured as the others are: the CPU of the whole process, without imports and without
// building the input, which is a list of objects that are all new but for their strings. Run as
// `node azure_node.js CLIENT ORDER`; the order's `file` tells the account and what tasks are made of.

"use strict";

const fs = require("node:fs");
const { BatchServiceClient, BatchSharedKeyCredentials } = require("@azure/batch");

const MAX_TASKS = 100;
const MB = 1024 * 1024;

function copy(value) {
  return Array.isArray(value) ? value.map((each) => ({ ...each })) : { ...value };
}

function build(order, told) {
  const tasks = [];
  for (let number = 0; number < order.tasks; number += 1) {
    const digits = String(number).padStart(8, "0");
    const task = { id: `task-${digits}`, commandLine: told.command.replace("{:08d}", digits) };
    for (const [name, value] of Object.entries(told.extras[number % told.extras.length])) {
      task[name] = copy(value);
    }
    tasks.push(task);
  }
  return tasks;
}

async function send(order, told, tasks) {
  const client = new BatchServiceClient(new BatchSharedKeyCredentials(told.account, told.key), order.url);
  let next = 0;
  let added = 0;
  async function work() {
    while (next < tasks.length) {
      const group = tasks.slice(next, next + MAX_TASKS);
      next += MAX_TASKS;
      const answer = await client.task.addCollection(order.job, group);
      added += answer.value.filter((result) => result.status === "success").length;
    }
  }
  await Promise.all(Array.from({ length: order.in_flight ?? 10 }, work));
  return added;
}

function cpuSeconds() {
  const used = process.cpuUsage();
  return (used.user + used.system) / 1e6;
}

async function main() {
  const [name, text] = process.argv.slice(2);
  const order = JSON.parse(text);
  const told = JSON.parse(fs.readFileSync(order.file, "utf8"));
  // Ends with its standard input, so that a killed benchmark leaves nothing behind.
  process.stdin.on("end", () => process.exit(1)).resume();
  const before = process.memoryUsage().rss / MB;
  const marks = [cpuSeconds()];
  const tasks = build(order, told);
  marks.push(cpuSeconds());
  const began = process.hrtime.bigint();
  const added = await send(order, told, tasks);
  const wall = Number(process.hrtime.bigint() - began) / 1e9;
  marks.push(cpuSeconds());
  const peak = process.resourceUsage().maxRSS / 1024;
  const found = { added, wall, peak, growth: peak - before, maxrss: peak };
  const spent = { building: marks[1] - marks[0], cpu: marks[2] - marks[1] };
  process.stdout.write(`${JSON.stringify({ client: name, ...order, ...found, ...spent })}\n`, () => process.exit(0));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});

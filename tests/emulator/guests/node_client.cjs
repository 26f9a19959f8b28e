// What Node's @azure/batch does with the emulator; node_client.cjs ENDPOINT ACCOUNT KEY. Any fault is a thrown error.
"use strict";

const assert = require("node:assert/strict");
const { BatchServiceClient, BatchSharedKeyCredentials } = require("@azure/batch");

const [endpoint, account, key] = process.argv.slice(2);
const client = new BatchServiceClient(new BatchSharedKeyCredentials(account, key), endpoint, { noRetryPolicy: true });

async function listed(first, next) {
  const items = [];
  let pages = 0;
  for (let page = await first; ; page = await next(page.odatanextLink)) {
    pages += 1;
    items.push(...page);
    if (page.odatanextLink === undefined) return [items, pages];
  }
}

async function refused(call, status, code) {
  await assert.rejects(call, (error) => {
    assert.equal(error.statusCode, status, error.message);
    assert.equal(error.code ?? error.body?.code, code);
    assert.ok(error.body.message.value);
    return true;
  });
}

async function until(look, wanted) {
  for (let tries = 0; tries < 500; tries += 1) {
    const found = await look();
    if (found === wanted) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.fail(`never ${wanted}`);
}

const gone = (look) => () => look().then(() => "there", (error) => error.statusCode);

async function pools() {
  const images = await client.account.listSupportedImages({
    accountListSupportedImagesOptions: { filter: "osType eq 'linux'" },
  });
  assert.ok(images.length > 0 && images.every((image) => image.osType === "linux"));
  await client.pool.add({
    id: "pool",
    vmSize: "standard_d2s_v3",
    virtualMachineConfiguration: {
      imageReference: images[0].imageReference,
      nodeAgentSKUId: images[0].nodeAgentSKUId,
    },
    targetDedicatedNodes: 2,
    taskSlotsPerNode: 2,
  });
  assert.equal((await client.pool.exists("pool")).body, true);
  assert.equal((await client.pool.exists("none")).body, false);
  await until(async () => (await client.pool.get("pool")).currentDedicatedNodes, 2);
  await until(async () => (await client.computeNode.list("pool")).filter((n) => n.state === "idle").length, 2);
  const [node] = await client.computeNode.list("pool");
  await client.computeNode.disableScheduling("pool", node.id, { nodeDisableSchedulingOption: "requeue" });
  await client.computeNode.enableScheduling("pool", node.id);
  await client.computeNode.addUser("pool", node.id, { name: "me", password: "secret" });
  await client.computeNode.updateUser("pool", node.id, "me", { password: "other" });
  await client.computeNode.deleteUser("pool", node.id, "me");
  await client.computeNode.reboot("pool", node.id);
  await until(async () => (await client.computeNode.get("pool", node.id)).state, "idle");
  await client.pool.resize("pool", { targetDedicatedNodes: 3 });
  await until(async () => (await client.pool.get("pool")).allocationState, "steady");
  assert.equal((await client.pool.get("pool")).currentDedicatedNodes, 3);
  await client.pool.patch("pool", { metadata: [{ name: "a", value: "b" }] });
  const before = await client.pool.get("pool");
  assert.deepEqual(before.metadata.map((item) => ({ ...item })), [{ name: "a", value: "b" }]);
  await client.pool.updateProperties("pool", {
    applicationPackageReferences: [],
    certificateReferences: [],
    metadata: [],
  });
  await refused(
    client.pool.patch("pool", { metadata: [] }, { poolPatchOptions: { ifMatch: before.eTag } }),
    412,
    "ConditionNotMet",
  );
  const [counts] = await client.account.listPoolNodeCounts();
  assert.equal(counts.dedicated.total, 3);
}

async function jobs() {
  await client.job.add({ id: "job", poolInfo: { poolId: "pool" }, metadata: [{ name: "who", value: "node" }] });
  await refused(client.job.add({ id: "JOB", poolInfo: { poolId: "pool" } }), 409, "JobExists");
  await refused(client.job.get("none"), 404, "JobNotFound");
  await refused(client.job.list({ jobListOptions: { filter: "colour eq 'red'" } }), 400, "InvalidQueryParameterValue");
  const job = await client.job.get("job");
  assert.equal(job.state, "active");
  assert.ok(job.creationTime instanceof Date);
  await client.job.patch("job", { priority: 7 });
  await refused(client.job.patch("job", { priority: 8 }, { jobPatchOptions: { ifMatch: job.eTag } }), 412, "ConditionNotMet");
  await client.job.update("job", { poolInfo: { poolId: "pool" }, priority: 9 });
  assert.equal((await client.job.get("job")).priority, 9);
}

async function tasks() {
  const wanted = Array.from({ length: 10_000 }, (_, n) => ({ id: `t${n}`, commandLine: `/bin/sh -c 'exit ${n % 2}'` }));
  for (let at = 0; at < wanted.length; at += 1_000) {
    const chunks = Array.from({ length: 10 }, (_, n) => wanted.slice(at + n * 100, at + (n + 1) * 100));
    for (const added of await Promise.all(chunks.map((chunk) => client.task.addCollection("job", chunk)))) {
      assert.equal(added.value.length, 100);
      assert.ok(added.value.every((result) => result.status === "success" && result.eTag));
    }
  }
  const again = await client.task.addCollection("job", [wanted[0], { id: "new", commandLine: "sleep 3000" }]);
  assert.deepEqual(again.value.map((result) => result.error?.code), ["TaskExists", undefined]);
  // It counts before it sends.
  await assert.rejects(client.task.addCollection("job", wanted.slice(0, 101)), /MaxItems/);
  await refused(client.task.add("job", { id: "a b", commandLine: "true" }), 400, "InvalidPropertyValue");
  const [all, pages] = await listed(
    client.task.list("job", { taskListOptions: { select: "id,state", maxResults: 999 } }),
    (link) => client.task.listNext(link),
  );
  assert.equal(pages, 11);
  assert.equal(new Set(all.map((task) => task.id)).size, 10_001);
  const [some] = await listed(
    client.task.list("job", { taskListOptions: { filter: "startswith(id, 't99') and state ne 'preparing'" } }),
    (link) => client.task.listNext(link),
  );
  assert.equal(some.length, 111);
  const counts = (await client.job.getTaskCounts("job")).taskCounts;
  assert.equal(counts.active + counts.running + counts.completed, 10_001);
  await client.task.update("job", "new", { constraints: { maxTaskRetryCount: 2 } });
  assert.equal((await client.task.get("job", "new")).constraints.maxTaskRetryCount, 2);
  await client.task.terminate("job", "new");
  const ended = await client.task.get("job", "new");
  assert.equal(ended.state, "completed");
  await client.task.reactivate("job", "new");
  await client.task.deleteMethod("job", "new");
  await refused(client.task.get("job", "new"), 404, "TaskNotFound");
}

async function files() {
  await client.job.add({ id: "files", priority: 1000, poolInfo: { poolId: "pool" } });
  await client.task.add("files", { id: "t", commandLine: "/bin/sh -c 'echo hello; sleep 0.1; exit 3'" });
  await until(async () => (await client.task.get("files", "t")).state, "completed");
  const task = await client.task.get("files", "t");
  assert.equal(task.executionInfo.exitCode, 3);
  assert.equal(task.executionInfo.result, "failure");
  const names = (await client.file.listFromTask("files", "t", { recursive: true })).map((file) => file.name);
  assert.ok(names.includes("stdout.txt"), String(names));
  const found = await client.file.getFromTask("files", "t", "stdout.txt");
  const pieces = [];
  for await (const piece of found.readableStreamBody) pieces.push(piece);
  assert.equal(Buffer.concat(pieces).toString(), "hello\n");
  const range = { fileGetFromTaskOptions: { ocpRange: "bytes=1-3" } };
  const part = await client.file.getFromTask("files", "t", "stdout.txt", range);
  const bytes = [];
  for await (const piece of part.readableStreamBody) bytes.push(piece);
  assert.equal(Buffer.concat(bytes).toString(), "ell");
  const properties = await client.file.getPropertiesFromTask("files", "t", "stdout.txt");
  assert.equal(Number(properties.contentLength), 6);
  assert.equal(properties.ocpBatchFileIsdirectory, false);
  await client.file.deleteFromTask("files", "t", "stdout.txt");
  await refusedStatus(client.file.getPropertiesFromTask("files", "t", "stdout.txt"), 404);
  const [node] = await client.computeNode.list("pool");
  assert.ok((await client.file.listFromComputeNode("pool", node.id)).length > 0);
}

async function refusedStatus(call, status) {
  await assert.rejects(call, (error) => error.statusCode === status);
}

async function schedules() {
  await client.jobSchedule.add({
    id: "daily",
    schedule: { recurrenceInterval: "PT1H" },
    jobSpecification: { poolInfo: { poolId: "none" } },
  });
  assert.equal((await client.jobSchedule.exists("daily")).body, true);
  await until(async () => (await client.job.listFromJobSchedule("daily")).length, 1);
  await client.jobSchedule.patch("daily", { metadata: [] });
  await client.jobSchedule.disable("daily");
  assert.equal((await client.jobSchedule.get("daily")).state, "disabled");
  await client.jobSchedule.enable("daily");
  await client.jobSchedule.terminate("daily");
  await until(async () => (await client.jobSchedule.get("daily")).state, "completed");
  await client.jobSchedule.deleteMethod("daily");
  await until(gone(() => client.jobSchedule.get("daily")), 404);
}

async function ends() {
  await client.job.disable("job", "terminate");
  await until(async () => (await client.job.get("job")).state, "disabled");
  await client.job.enable("job");
  await until(async () => (await client.job.get("job")).state, "active");
  await client.job.terminate("job", { terminateReason: "enough" });
  await until(async () => (await client.job.get("job")).state, "completed");
  assert.equal((await client.job.get("job")).executionInfo.terminateReason, "enough");
  await client.job.deleteMethod("job");
  await until(gone(() => client.job.get("job")), 404);
  await client.job.deleteMethod("files");
  await client.pool.deleteMethod("pool");
  await until(gone(() => client.pool.get("pool")), 404);
  assert.equal((await client.pool.list()).length, 0);
}

(async () => {
  for (const part of [pools, jobs, files, tasks, schedules, ends]) {
    await part();
    process.stdout.write(`${part.name}\n`);
  }
})().catch((error) => {
  process.stderr.write(`${error.stack}\n${JSON.stringify(error.body ?? error)}\n`);
  process.exitCode = 1;
});

"""The answers, all but finished before a request arrives.

Law: what the service would send, header by header and property by property; only the ids are filled in.
"""

from __future__ import annotations

import json

MAX_TASKS = 100
MAX_BODY = 1_000_000

HOST = "https://account.region.batch.azure.com"
_HEAD = (
    b"Content-Type: application/json; odata=minimalmetadata\r\n"
    b"Server: Microsoft-HTTPAPI/2.0\r\n"
    b"X-Content-Type-Options: nosniff\r\n"
    b"DataServiceVersion: 3.0\r\n"
    b"Strict-Transport-Security: max-age=31536000; includeSubDomains\r\n"
    b"Date: Tue, 06 Sep 2016 07:02:44 GMT\r\n"
)
_STATUS = {200: b"OK", 400: b"Bad Request", 413: b"Request Entity Too Large"}


class Answers:
    """Answers of one responder; `chunked` chooses how their length is told."""

    def __init__(self, *, chunked: bool) -> None:
        self._chunked = chunked
        self._made = 0

    def response(self, status: int, body: bytes, client_request_id: bytes) -> bytes:
        """A whole answer."""
        self._made += 1
        head = b"HTTP/1.1 %d %s\r\n%srequest-id: 7c5be6a2-6d3e-4f0b-8e6a-%012x\r\nclient-request-id: %s\r\n" % (
            status,
            _STATUS[status],
            _HEAD,
            self._made,
            client_request_id,
        )
        if self._chunked:
            return b"%sTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (head, len(body), body)
        return b"%sContent-Length: %d\r\n\r\n%s" % (head, len(body), body)


class Results:
    """Results of the tasks of one job: success for each, with an ETag and a time of its own."""

    def __init__(self, job_id: bytes) -> None:
        self._start = b'{"odata.metadata":"' + HOST.encode() + b'/$metadata#taskaddresult","value":['
        self._parts: list[bytes] = []
        for slot in range(MAX_TASKS):
            etag = b'","eTag":"0x8D3D623CD%06X"' % (0x661246 + slot * 0x3F1)
            time = b',"lastModified":"2016-09-06T07:02:44.%07dZ"' % (7589958 + slot * 797)
            place = b',"location":"' + HOST.encode() + b"/jobs/" + job_id + b"/tasks/"
            start = b'{"status":"success","taskId":"' if not slot else b'"},{"status":"success","taskId":"'
            self._parts += [start, b"", etag + time + place, b""]

    def body(self, ids: list[bytes]) -> bytes:
        """The body of the answer to a collection with these ids."""
        parts = self._parts if len(ids) == MAX_TASKS else self._parts[: 4 * len(ids)]
        parts[1::4] = ids
        parts[3::4] = ids
        return self._start + b"".join(parts) + b'"}]}'


def error(code: str, text: str) -> bytes:
    """The service's error body."""
    message = {"lang": "en-US", "value": text}
    return json.dumps({"odata.metadata": f"{HOST}/$metadata#error", "code": code, "message": message}).encode()


def job(job_id: str) -> bytes:
    """An active job, for clients that look before they add."""
    found = {
        "id": job_id,
        "url": f"{HOST}/jobs/{job_id}",
        "eTag": "0x8D3D623CD661246",
        "lastModified": "2016-09-06T07:02:44.7589958Z",
        "creationTime": "2016-09-06T07:02:44.7589958Z",
        "state": "active",
        "stateTransitionTime": "2016-09-06T07:02:44.7589958Z",
        "priority": 0,
        "constraints": {"maxWallClockTime": "P10675199DT2H48M5.4775807S", "maxTaskRetryCount": 0},
        "usesTaskDependencies": False,
        "onAllTasksComplete": "noaction",
        "onTaskFailure": "noaction",
        "poolInfo": {"poolId": "pool"},
        "executionInfo": {"startTime": "2016-09-06T07:02:44.7589958Z", "poolId": "pool"},
    }
    return json.dumps(found).encode()

from __future__ import annotations

import pytest

from batchio import BatchClient, models

from .wire import VERSION, Reply, Wire

THUMB = "0123456789abcdef0123456789ABCDEF01234567"
PATH = f"/certificates(thumbprintAlgorithm=sha1,thumbprint={THUMB})"


async def create(wire: Wire, **more: object) -> Reply:
    body = {"thumbprint": THUMB, "thumbprintAlgorithm": "sha1", "data": "AAAA", "password": "hunter2", **more}
    return await wire.call("POST", "/certificates", body)


async def test_create_then_get(wire: Wire) -> None:
    made = await create(wire)
    assert made.status == 201
    got = await wire.get(PATH.lower())
    assert (got.json["state"], got.json["thumbprint"], got.json["url"]) == ("active", THUMB, made.headers["Location"])
    assert b"hunter" not in got.body
    assert "data" not in got.json
    assert (await wire.get("/certificates", _filter="state eq 'active'", _select="thumbprint")).items == [
        {"thumbprint": THUMB}
    ]
    assert (await create(wire, thumbprint=THUMB.lower())).code == "CertificateExists"


@pytest.mark.parametrize(
    ("change", "code", "name"),
    [
        ({"thumbprintAlgorithm": "md5"}, "InvalidPropertyValue", "thumbprintAlgorithm"),
        ({"thumbprint": "xyz"}, "InvalidPropertyValue", "thumbprint"),
        ({"thumbprint": "a" * 41}, "InvalidPropertyValue", "thumbprint"),
        ({"data": "A" * 20_000}, "InvalidPropertyValue", "data"),
        ({"data": None}, "MissingRequiredProperty", "data"),
        ({"state": "active"}, "InvalidRequestBody", "state"),
    ],
)
async def test_bad_certificates(wire: Wire, change: dict[str, object], code: str, name: str) -> None:
    reply = await create(wire, **change)
    assert (reply.status, reply.code, reply.values["PropertyName"]) == (400, code, name)


async def test_tag(wire: Wire) -> None:
    made = await create(wire)
    found = await wire.get(PATH)
    assert found.headers["ETag"] == made.headers["ETag"]
    assert found.headers["Last-Modified"] == made.headers["Last-Modified"]


async def test_delete(wire: Wire) -> None:
    await create(wire)
    assert (await wire.call("POST", f"{PATH}/canceldelete")).code == "CertificateStateActive"
    deleted = await wire.call("DELETE", PATH)
    found = await wire.get(PATH)
    assert (deleted.status, deleted.headers["ETag"]) == (202, found.headers["ETag"])
    assert found.json["state"] == "deleting"
    assert (await wire.call("DELETE", PATH)).code == "CertificateBeingDeleted"
    assert (await wire.call("POST", f"{PATH}/canceldelete")).code == "CertificateBeingDeleted"
    wire.emulator.clock.advance(1)
    gone = await wire.get(PATH)
    assert (gone.status, gone.code) == (404, "CertificateNotFound")


async def test_one_that_is_used_stays(wire: Wire) -> None:
    await create(wire)
    await wire.pool(certificateReferences=[{"thumbprint": THUMB, "thumbprintAlgorithm": "sha1"}])
    await wire.call("DELETE", PATH)
    wire.emulator.clock.advance(1)
    found = (await wire.get(PATH)).json
    assert (found["state"], found["previousState"]) == ("deletefailed", "deleting")
    assert found["deleteCertificateError"]["code"] == "PoolsReferencingCertificate"
    assert found["deleteCertificateError"]["values"] == [{"name": "Pools", "value": "pool"}]
    assert (await wire.call("POST", f"{PATH}/canceldelete")).status == 204
    assert (await wire.get(PATH)).json["state"] == "active"


async def test_a_pool_names_certificates_that_are_there(wire: Wire) -> None:
    reply = await wire.pool(certificateReferences=[{"thumbprint": THUMB, "thumbprintAlgorithm": "sha1"}])
    assert (reply.status, reply.code) == (400, "InvalidCertificateReferences")


async def test_our_client(client: BatchClient, working: Wire) -> None:
    given = models.Certificate(
        thumbprint=THUMB, thumbprint_algorithm="sha1", data="AAAA", certificate_format=models.CertificateFormat.CER
    )
    await client.certificates.create(given)
    found = await client.certificates.get("sha1", THUMB)
    assert (found.state, found.public_data) == ("active", "AAAA")
    assert [item.thumbprint async for item in client.certificates.list()] == [THUMB]
    await client.certificates.delete("sha1", THUMB)
    working.emulator.clock.advance(1)
    assert [item async for item in client.certificates.list()] == []


async def test_applications(wire: Wire) -> None:
    assert (await wire.get("/applications")).items == []
    assert (await wire.get("/applications/blender")).code == "ApplicationNotFound"
    blender = {"id": "blender", "displayName": "Blender", "versions": ["4.1", "4.2"]}
    url = f"{wire.emulator.endpoint}/_emulator/applications"
    put = await wire.raw("PUT", url, b'[{"id":"blender","displayName":"Blender","versions":["4.1","4.2"]}]', {})
    assert (put.status, put.json) == (200, [blender])
    assert (await wire.get("/applications")).items == [blender]
    assert (await wire.get("/applications", maxresults="1")).items == [blender]
    got = (await wire.get("/applications/Blender")).json
    assert {name: got[name] for name in blender} == blender
    assert (await wire.raw("GET", url, None, {})).json == [blender]
    assert (await wire.raw("PUT", url, b'[{"id":1}]', {})).code == "InvalidRequestBody"
    wire.emulator.reset()
    assert (await wire.call("GET", "/applications", version=VERSION)).items == []

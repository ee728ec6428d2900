"""Rules of STIX 2.1, written from the tables of the specification, for objects as they arrive."""
import re
import uuid

STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
SPACE = uuid.UUID("00abedb4-aa42-466c-9c01-fed23315a9b7")
OBSERVABLE = {"ipv4-addr": {"value"}, "ipv6-addr": {"value"}, "domain-name": {"value"}, "url": {"value"},
              "network-traffic": {"protocols"}, "x509-certificate": {"hashes"}}
CONTRIBUTING = {"network-traffic": ("dst_port", "dst_ref", "protocols", "src_port", "src_ref"), "x509-certificate": ("hashes",)}
REQUIRED = {
    "identity": {"name"}, "extension-definition": {"created_by_ref", "name", "schema", "version", "extension_types"},
    "observed-data": {"first_observed", "last_observed", "number_observed", "object_refs"},
    "attack-pattern": {"name"}, "indicator": {"pattern", "pattern_type", "valid_from"}, "sighting": {"sighting_of_ref"},
    "report": {"name", "published", "object_refs"}, "note": {"content", "object_refs"}}
OPTIONAL = {
    "identity": {"identity_class", "sectors"}, "extension-definition": {"description"}, "attack-pattern": {"external_references"},
    "indicator": {"name", "description", "indicator_types", "pattern_version", "kill_chain_phases"},
    "sighting": {"first_seen", "last_seen", "count", "observed_data_refs", "where_sighted_refs"},
    "report": {"description", "report_types"}, "note": {"abstract"}}
COMMON = {"type", "spec_version", "id", "created_by_ref", "created", "modified", "revoked", "labels", "confidence", "lang",
          "object_marking_refs", "extensions"}
REPORT_TYPES = {"attack-pattern", "campaign", "identity", "indicator", "intrusion-set", "malware", "observed-data", "threat-actor",
                "threat-report", "tool", "vulnerability"}


def canonical(value):
    """RFC 8785 for what occurs here: texts, small integers, lists, objects."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{canonical(k)}:{canonical(value[k])}" for k in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    if isinstance(value, int):
        return str(value)
    short = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    return '"' + "".join(short.get(c, c if c >= " " else f"\\u{ord(c):04x}") for c in value) + '"'


def check_id(o):
    kind, _, name = o["id"].partition("--")
    assert kind == o["type"] and str(uuid.UUID(name)) == name and uuid.UUID(name).version in (4, 5), o["id"]
    if kind in OBSERVABLE:
        keys = CONTRIBUTING.get(kind, ("value",))
        assert uuid.UUID(name) == uuid.uuid5(SPACE, canonical({k: o[k] for k in keys if k in o})), o


def check_object(o):
    check_id(o)
    assert o["spec_version"] == "2.1"
    if o["type"] in OBSERVABLE:
        assert OBSERVABLE[o["type"]] <= set(o) and not {"created", "modified", "created_by_ref"} & set(o)
        if o["type"] == "network-traffic":
            assert ("src_ref" in o or "dst_ref" in o) and all(p == p.lower() for p in o["protocols"])
        return
    assert STAMP.fullmatch(o["created"]), o
    if o["type"] == "marking-definition":
        return
    assert STAMP.fullmatch(o["modified"]) and o["created"] <= o["modified"]
    allowed = COMMON | REQUIRED[o["type"]] | OPTIONAL.get(o["type"], set())
    assert REQUIRED[o["type"]] <= set(o) <= allowed, set(o) - allowed
    for key, value in o.items():
        assert value not in ("", [], {}), (o["type"], key)
        if key in ("first_observed", "last_observed", "valid_from", "first_seen", "last_seen", "published"):
            assert STAMP.fullmatch(value)
        if key in ("count", "number_observed"):
            assert 0 <= value <= 999999999
    assert o.get("first_observed", "") <= o.get("last_observed", "") and o.get("first_seen", "") <= o.get("last_seen", "")
    assert 0 <= o.get("confidence", 0) <= 100 and set(o.get("report_types", [])) <= REPORT_TYPES


def check(objects):
    """Every rule for each object, and that every reference leads to one of them."""
    known = {o["id"] for o in objects}
    for o in objects:
        check_object(o)
        for key, value in o.items():
            if key.endswith("_ref"):
                assert value in known, (o["id"], key)
            if key.endswith("_refs"):
                assert value and set(value) <= known and len(set(value)) == len(value), (o["id"], key)
        for name, extension in o.get("extensions", {}).items():
            assert name.startswith("extension-definition--") and extension["extension_type"] == "property-extension"
            assert name in known or o["type"] == "marking-definition"

"""Alerts as the correlator writes them, for tests of what comes after it."""
import hashlib
import json


def alert(number, level="high", domain="network", **changes):
    """One alert as a dict; the same number always gives the same id."""
    body = {
        "alert_id": "al-" + hashlib.sha256(f"test {number}".encode()).hexdigest()[:24],
        "revision": 1,
        "timestamp": "2026-11-23T08:00:00.000000+00:00",
        "first_seen": "2026-11-23T07:59:00.000000+00:00",
        "last_seen": "2026-11-23T07:59:59.000000+00:00",
        "rule": {"id": "5c3a0b7e-0000-4000-8000-000000000001", "title": f"Port scan {number}",
                 "title_vi": f"Quét cổng {number}", "author": "Hải Đăng", "license": "DRL-1.1", "level": level,
                 "status": "test", "file": "scan.yml", "tags": ["attack.discovery", "attack.t1046"]},
        "attack": ["T1046"], "domain": domain, "group": {"src_ip": "10.1.0.5"}, "entity": "10.1.0.5",
        "count": 25, "threshold": 20, "timespan_s": 60,
        "explanation": {"vi": "Máy 10.1.0.5 dò 25 cổng.", "en": "10.1.0.5 tried 25 ports."},
        "advice": {"vi": "Cô lập máy.", "en": "Isolate the host."}, "owner": "",
        "events": [{"event_type": "flow", "src_ip": "10.1.0.5"}],
    }
    body.update(changes)
    return body


def key(body):
    """The stable id of its deliveries."""
    return f'{body["alert_id"]}-{body["revision"]}'


def put(redis, body, bucket=None):
    """Writes an alert to its stream; gives the entry's id."""
    text = body if isinstance(body, (str, bytes)) else json.dumps(body, ensure_ascii=False)
    if bucket is None:
        bucket = int(hashlib.sha256(text if isinstance(text, bytes) else text.encode()).hexdigest(), 16) % 16
    return redis.client.xadd(f"al:{{b{bucket:02d}}}", {"a": text}).decode()

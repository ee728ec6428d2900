"""One attack that the probe and Suricata both saw, on one connection, is one alert: joined by community id."""
import json
import subprocess

import pytest
from conftest import ROOT, program

PACK = ROOT / "rules/sigma/network"
CONNECTION = "1:dj4rCvLGU5t3ZfRACtrhOREsn7M="
EXPLOIT, MALWARE = "ids_exploit", "ids_malware"
WEB = ["web_attack", "web_jndi_lookup", "web_path_traversal", "web_shell_injection"]


def seen(rule, second, connection=CONNECTION):
    """An event that raises the rule, as if it came of that connection at that second."""
    line = (PACK / f"{rule}.match.ndjson").read_text().splitlines()[-1]
    return {**json.loads(line), "event_id": f"{1795136400000 + second * 1000}-000001", "community_id": connection,
            "timestamp": f"2026-11-20T01:00:{second:02d}.000000+0000"}


def raised(folder, *events):
    """The rules of the alerts, in their order."""
    (folder / "events.ndjson").write_text("".join(json.dumps(e) + "\n" for e in events))
    done = subprocess.run([program("correlator"), "alerts", PACK, folder / "events.ndjson"], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    return [json.loads(line)["rule"]["file"].rpartition("/")[2].removesuffix(".yml") for line in done.stdout.splitlines()]


@pytest.mark.parametrize("first, second", [pair for web in WEB for pair in ((web, EXPLOIT), (EXPLOIT, web))] + [
    ("web_shell_name", EXPLOIT), ("web_shell_post", EXPLOIT), ("ids_eternalblue", EXPLOIT), ("ids_eternalblue", MALWARE),
    (MALWARE, "malware_fingerprint"), (MALWARE, "mining"), (MALWARE, "mining_pool_name"), (MALWARE, "program_download"),
    (MALWARE, "script_downloader"), (MALWARE, "disguised_program"), ("web_attack", "web_shell_injection")])
def test_two_sensors_on_one_connection_raise_one_alert(folder, first, second):
    assert raised(folder, seen(first, 1), seen(second, 2)) == [first]
    assert raised(folder, seen(first, 1), seen(second, 2, "1:another=")) == [first, second]


def test_a_graver_alert_is_never_held_back(folder):
    assert raised(folder, seen(EXPLOIT, 1), seen("web_shell_post", 2)) == [EXPLOIT, "web_shell_post"]
    assert raised(folder, seen("mining", 1), seen(MALWARE, 2)) == ["mining", MALWARE]


def test_what_goes_on_over_new_connections_brings_out_no_second_alert(folder):
    later = [seen("web_jndi_lookup", 3 + n, f"1:later{n}=") for n in range(12)]
    assert raised(folder, seen(EXPLOIT, 1), seen("web_jndi_lookup", 2), *later) == [EXPLOIT]
    assert raised(folder, seen("web_jndi_lookup", 2), *later) == ["web_jndi_lookup"] * 2  # the second tells the count

"""What the demo writes for the programs: their settings, the sources and the assets."""
import json

from pages import FORUM, SITES
from servers import PORTAL_HOST

LOOK_EVERY = "2s"


def write_sources(path, pages):
    rows = []
    for host, (name, tier) in SITES.items():
        page = "" if host == FORUM else "rss.xml"
        rows.append({"id": host.split(".")[0], "name": name, "url": f"http://{host}:{pages.port}/{page}",
                     "kind": "html" if host == FORUM else "rss", "tier": tier})
    rows.append({"id": "cong", "name": "Cổng thông tin điện tử", "url": f"http://{PORTAL_HOST}:{pages.port}/",
                 "kind": "site", "tier": 1, "service": "portal", "owner": "ioc"})
    for row in rows:
        row.update({"cadence": [LOOK_EVERY, LOOK_EVERY], "status": "enable", "internal": True})
    path.write_text("version: 1\nsources:\n" + "".join(f"- {json.dumps(row, ensure_ascii=False)}\n" for row in rows))


def write_assets(path, original):
    """The real brands and look-alike rules; of the services only the demo's portal."""
    lines, in_services = [], False
    for line in original.read_text().splitlines():
        if not line.startswith((" ", "#")):
            in_services = line.startswith("services:")
        if in_services and "lookalike_only" not in line and line.startswith(" "):
            continue
        lines.append(line)
        if line.startswith("owned_suffixes:"):
            lines.append('  - {suffix: "ioc.example", certainty: demo}')
        if line.startswith("services:"):
            lines.append(f'  - {{id: portal, name: "Cổng thông tin điện tử", hosts: ["{PORTAL_HOST}"], level: 3, '
                         'checks: [availability, content], owner: ioc, certainty: demo}')
    path.write_text("\n".join(lines) + "\n")


def sections(root, folder, pages, receiver):
    """The sections of haidang.yaml beside those of every appliance; writes the files they name."""
    rules = root / "rules"
    sources, assets = folder / "sources.yaml", folder / "assets.yaml"
    write_sources(sources, pages)
    write_assets(assets, rules / "assets.yaml")
    hosts = [*SITES, PORTAL_HOST]
    return {
        "probe": {
            "sensor": "s1", "assets": str(assets), "timeout_unanswered": "2s", "timeout_closed": "1s",
            "timeout_tcp": "10s", "timeout_udp": "5s", "timeout_other": "5s", "stats_interval": "5s",
            "memory": "64MiB", "capture_buffer": "8MiB", "spool": "16MiB",
        },
        "crawler": {
            "name": "c1", "sources": str(sources), "assets": str(assets), "topics": str(rules / "topics.yaml"),
            "places": str(rules / "places.yaml"), "delay": "1s",
            "resolve": [f"{host}:{pages.port}:127.0.0.1" for host in hosts],
        },
        "correlator": {"rules": [str(rules / "sigma")]},
        "courier": {
            "targets": [{"name": "trung-tam", "kind": "webhook", "url": receiver.url,
                         "secret_file": str(receiver.secret_file), "retry_min": "200ms", "retry_max": "1s"}],
        },
    }

"""Did exactly the expected alerts come, in time, and did they reach everybody?"""
import json
import time

LATEST_S = 10
QUIET_S = 4  # after the last expected alert, nothing else may come


class Expected:
    def __init__(self, row):
        self.cause, self.name, self.rule, self.entity = row["cause"], row["name"], row["rule"], row["entity"]

    @property
    def key(self):
        return (self.rule, self.entity)


def read_expected(path):
    return [Expected(row) for row in json.loads(path.read_text())]


class Judge:
    def __init__(self, expected, receiver):
        self.expected, self.receiver = expected, receiver

    def wait(self, completed, check):
        """Until all expected alerts are there or the last of them is too late, and a quiet while."""
        keys = {e.key for e in self.expected}
        last = max(completed.values()) + LATEST_S + 2
        while time.time() < last:
            check()
            if keys <= {(r.rule, r.entity) for r in self.receiver.alerts()}:
                break
            time.sleep(0.1)
        time.sleep(QUIET_S)

    def rows(self, completed):
        """(cause, name, entity, seconds or None) of each expected alert."""
        arrived = {}
        for receipt in self.receiver.alerts():
            arrived.setdefault((receipt.rule, receipt.entity), receipt.at)
        for e in self.expected:
            at = arrived.get(e.key)
            yield e, None if at is None else max(0.0, at - completed[e.cause])

    def faults(self, completed, console_alerts):
        faults = []
        for e, seconds in self.rows(completed):
            if seconds is None:
                faults.append(f"missing: {e.name} ({e.entity})")
            elif seconds > LATEST_S:
                faults.append(f"late: {e.name} after {seconds:.1f} s")
        keys = {e.key for e in self.expected}
        seen = set()
        for r in self.receiver.alerts():
            title = f"{r.alert['rule'].get('title_vi') or r.alert['rule']['title']} ({r.entity})"
            if (r.rule, r.entity) not in keys:
                faults.append(f"not expected: {title}")
            if (r.rule, r.entity) in seen:
                faults.append(f"doubled: {title}")
            seen.add((r.rule, r.entity))
            if r.alert["alert_id"] not in console_alerts:
                faults.append(f"not in the console: {title}")
        extra = set(console_alerts) - {r.alert["alert_id"] for r in self.receiver.alerts()}
        faults += [f"only in the console: {alert_id}" for alert_id in sorted(extra)]
        if self.receiver.refused:
            faults.append(f"{self.receiver.refused} deliveries with a bad signature")
        return faults

    def table(self, completed):
        rows = [("CAUSE", "ALERT", "ABOUT", "SECONDS")]
        for e, seconds in self.rows(completed):
            rows.append((e.cause, e.name, e.entity, "missing" if seconds is None else f"{seconds:.1f}"))
        widths = [max(len(row[i]) for row in rows) for i in range(4)]
        return "\n".join("  ".join(cell.ljust(w) for cell, w in zip(row, widths)).rstrip() for row in rows)

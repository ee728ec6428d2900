"""Makes as many Sigma rules as the public collection has, shaped like those (share of log sources, fields,
modifiers, lengths of lists, filters), with words of its own. The same seed makes the same rules."""
import json
import random

# Log source, share of the rules, fields with the modifiers that are usual for them.
WINDOWS = [("Image", "endswith"), ("CommandLine", "contains"), ("ParentImage", "endswith"), ("OriginalFileName", ""),
           ("CommandLine", "contains|all"), ("CommandLine", "contains|windash"), ("ParentCommandLine", "contains"),
           ("IntegrityLevel", ""), ("Hashes", "contains")]
SOURCES = [
    ({"category": "process_creation", "product": "windows"}, 1290, WINDOWS),
    ({"category": "process_creation", "product": "linux"}, 150, WINDOWS[:2] + WINDOWS[4:5]),
    ({"category": "registry_set", "product": "windows"}, 260, [("TargetObject", "contains"), ("TargetObject", "endswith"), ("Details", ""), ("Details", "contains")]),
    ({"category": "file_event", "product": "windows"}, 240, [("TargetFilename", "endswith"), ("TargetFilename", "contains"), ("Image", "endswith")]),
    ({"category": "ps_script", "product": "windows"}, 190, [("ScriptBlockText", "contains"), ("ScriptBlockText", "contains|all"), ("ScriptBlockText", "re")]),
    ({"category": "image_load", "product": "windows"}, 130, [("ImageLoaded", "endswith"), ("Image", "endswith")]),
    ({"product": "windows", "service": "security"}, 190, [("EventID", "number"), ("ObjectName", "contains"), ("SubjectUserName", "endswith")]),
    ({"product": "windows", "service": "system"}, 120, [("EventID", "number"), ("Provider_Name", ""), ("ServiceName", "contains")]),
    ({"product": "aws", "service": "cloudtrail"}, 90, [("eventSource", ""), ("eventName", "")]),
    ({"product": "azure", "service": "activitylogs"}, 160, [("operationName", ""), ("properties.message", "contains")]),
    ({"product": "linux", "service": "auditd"}, 90, [("type", ""), ("a0", "contains"), ("name", "startswith")]),
    ({"category": "network_connection", "product": "windows"}, 80, [("DestinationHostname", "endswith"), ("Image", "endswith"), ("DestinationPort", "number")]),
    ({"category": "dns_query", "product": "windows"}, 45, [("QueryName", "endswith"), ("QueryName", "contains"), ("Image", "endswith")]),
    ({"category": "proxy"}, 170, [("c-uri", "contains"), ("c-useragent", ""), ("cs-host", "endswith"), ("c-uri", "endswith"), ("c-useragent", "contains"), ("c-uri", "re"), ("cs-method", "method")]),
    ({"category": "webserver"}, 190, [("cs-uri-query", "contains"), ("cs-uri-stem", "endswith"), ("cs-method", "method"), ("sc-status", "number"), ("cs-user-agent", "contains"), ("cs-uri-query", "contains|all")]),
    ({"category": "dns"}, 60, [("query", "contains"), ("query", "endswith"), ("query", ""), ("query", "re"), ("record_type", "record")]),
    ({"product": "zeek", "service": "dns"}, 30, [("query", "endswith"), ("answers", "contains"), ("qtype_name", "record")]),
    ({"product": "zeek", "service": "http"}, 30, [("uri", "contains"), ("host", "endswith"), ("user_agent", "startswith")]),
    ({"category": "firewall"}, 30, [("dst_ip", "cidr"), ("dst_port", "number"), ("src_ip", "cidr")]),
    ({"category": "application", "product": "django"}, 60, [("", "keywords")]),
    ({"category": "antivirus"}, 145, [("Signature", "contains"), ("Filename", "endswith")]),
]
SYLLABLES = "ba ca da fo ga he in jo ka lo ma ne op pa qui ra si ta un ve wa xe yo zu ex sh tr st pro dis net reg sys exe svc adm win log dll api".split()
SUFFIXES = [".exe", ".dll", ".ps1", ".vbs", ".php", ".jsp", ".bat", ".tmp", ".zip", ""]


class Words:
    def __init__(self, seed):
        self.rng = random.Random(seed)

    def word(self, least=2, most=4):
        return "".join(self.rng.choice(SYLLABLES) for _ in range(self.rng.randint(least, most)))

    def count(self):
        """Lists are mostly short, some are long."""
        return min(60, 1 + int(self.rng.expovariate(0.28)))

    def name(self):
        return f".{self.word()}.{self.rng.choice(['example', 'test', 'invalid'])}"

    def text(self, field):
        rng = self.rng
        if field in ("query", "QueryName", "cs-host", "host", "DestinationHostname", "answers"):
            return self.name() if rng.random() < 0.7 else self.word(3, 5)
        if field in ("c-uri", "uri", "cs-uri-stem"):
            return f"/{self.word()}/{self.word()}{rng.choice(SUFFIXES)}"
        if field == "cs-uri-query":
            return rng.choice(["%s=..%%2f", "%s=${jndi:", "cmd=%s", "<script>%s", "union+%s", "/%s.php?x="]) % self.word()
        if field in ("c-useragent", "cs-user-agent", "user_agent"):
            return f"{self.word().title()}/{rng.randint(1, 9)}.{rng.randint(0, 9)} ({self.word()})"
        if field.endswith("Image") or field in ("ImageLoaded", "TargetFilename", "Filename"):
            return f"\\{self.word()}{rng.choice(SUFFIXES)}"
        if "CommandLine" in field or field == "ScriptBlockText":
            return rng.choice([" -%s ", " /%s", "%s.", " %s -", "%s=", "-%s *"]) % self.word()
        return self.word(2, 5)

    def values(self, field, how):
        rng = self.rng
        special = {"number": lambda: rng.choice([22, 80, 443, 445, 3389, 4624, 4625, 4688, 5985, 7045, 200, 404, 500, 8080]),
                   "cidr": lambda: f"198.51.{rng.randrange(256)}.0/24", "method": lambda: rng.choice(["GET", "POST", "PUT", "HEAD"]),
                   "record": lambda: rng.choice(["TXT", "NULL", "MX", "AAAA"]),
                   "re": lambda: rng.choice([r"(?i)%s\.[a-z]{2,8}$", r"^/%s/[0-9a-f]{32}$", r"%s(?:\s|\+)+%s" % ("%s", self.word()), r"\b%s[0-9]{1,3}\b"]) % self.word()}
        make = special.get(how, lambda: self.text(field))
        count = 1 if how in ("re", "method", "record") else max(2, self.count() // 2) if how == "contains|all" else self.count()
        made = [make() for _ in range(count)]
        return made[0] if len(made) == 1 else list(dict.fromkeys(made))


def selection(words, fields):
    chosen = words.rng.sample(fields, min(len(fields), words.rng.choice([1, 1, 2, 2, 3])))
    texts = [f for f in fields if f[1] not in ("number", "method", "record")]
    if texts and not any(f in texts for f in chosen):
        chosen[0] = words.rng.choice(texts)  # no rule is about a method or a port alone
    found = {}
    for field, how in chosen:
        modifier = "" if how in ("", "number", "method", "record") else "|" + how
        found[field + modifier] = words.values(field, how)
    return found


def rule(words, source, fields, number):
    detection = {"selection": selection(words, fields), "condition": "selection"}
    if fields[0][1] == "keywords":
        detection["selection"] = [words.word(3, 6) for _ in range(words.count())]
    elif words.rng.random() < 0.35:
        detection = {"selection_one": selection(words, fields), "selection_two": selection(words, fields), "condition": "all of selection_*"}
    if words.rng.random() < 0.4 and fields[0][1] != "keywords":
        detection["filter_main_one"] = selection(words, fields[:2])
        detection["condition"] += " and not 1 of filter_main_*"
    return {"title": f"Rule {number} on {words.word()} {words.word()}", "id": f"00000000-0000-4000-8000-{number:012d}",
            "status": "test", "description": "A rule of the bench", "author": "bench", "date": "2026-01-01",
            "tags": ["attack.execution", f"attack.t{1000 + number % 600}"], "logsource": source, "detection": detection,
            "falsepositives": ["Unknown"], "level": words.rng.choice(["low", "medium", "high"])}


def make(count, seed=7):
    """Texts of `count` rule files; JSON is YAML."""
    words = Words(seed)
    weights = [share for _, share, _ in SOURCES]
    for number in range(count):
        source, _, fields = words.rng.choices(SOURCES, weights)[0]
        yield json.dumps(rule(words, source, fields, number), indent=1)

"""The whole appliance in a private folder: Redis, the five programs and their one configuration,
and nginx on loopback for the fictional web."""
import json
import os
import socket
import sys
import urllib.request

from children import wait_until

PROGRAMS = ("correlator", "courier", "console", "crawler", "probe")

NGINX = """
daemon off;
{user}
worker_processes 1;
pid {folder}/web-nginx.pid;
error_log stderr warn;
events {{ worker_connections 256; }}
http {{
    access_log off;
    default_type text/html;
    types {{ text/html html; application/rss+xml xml; text/plain txt; }}
    charset utf-8;
    client_body_temp_path {folder}/tmp; proxy_temp_path {folder}/tmp; fastcgi_temp_path {folder}/tmp;
    uwsgi_temp_path {folder}/tmp; scgi_temp_path {folder}/tmp;
    {servers}
}}
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def yaml(sections):
    """JSON values under YAML keys: every YAML reader takes that."""
    lines = []
    for section, settings in sections.items():
        lines.append(f"{section}:")
        lines += [f"  {key}: {json.dumps(value, ensure_ascii=False)}" for key, value in settings.items()]
    return "\n".join(lines) + "\n"


class Appliance:
    def __init__(self, children, folder, programs, sections):
        """`programs`: folder of the built programs. `sections`: what the demo adds to haidang.yaml."""
        self.children, self.folder, self.programs = children, folder, programs
        self.config = folder / "haidang.yaml"
        self.port = free_port()
        self.user, self.one_time = "trucban", None
        own = {
            "redis": {"address": f"unix:{folder}/redis.sock"},
            "paths": {"state": str(folder / "state"), "run": str(folder / "run")},
            "log": {"level": "info"},
            "console": {"listen": f"127.0.0.1:{self.port}"},
        }
        for name in ("state", "run", "tmp"):
            (folder / name).mkdir(exist_ok=True)
        self.config.write_text(yaml({**own, **sections}))

    def program(self, name):
        return self.programs / ("haidang" if name == "ctl" else f"haidang-{name}")

    @property
    def address(self):
        return f"http://127.0.0.1:{self.port}/"

    def start_redis(self):
        self.children.start("redis", [
            "redis-server", "--port", "0", "--unixsocket", self.folder / "redis.sock", "--unixsocketperm", "700",
            "--dir", self.folder, "--appendonly", "yes", "--save", "", "--maxmemory-policy", "noeviction",
            "--daemonize", "no"])
        wait_until(self.redis_answers, 10, "redis-server", self.children)

    def redis_answers(self):
        with socket.socket(socket.AF_UNIX) as s:
            try:
                s.connect(str(self.folder / "redis.sock"))
                s.sendall(b"PING\r\n")
                return s.recv(16).startswith(b"+PONG")
            except OSError:
                return False

    def start_web(self, servers):
        conf = self.folder / "web-nginx.conf"
        user = "user root;" if os.getuid() == 0 else ""
        conf.write_text(NGINX.format(folder=self.folder, servers=servers, user=user))
        self.children.start("web-nginx", ["nginx", "-e", "stderr", "-p", self.folder, "-c", conf])

    def check(self):
        for name in PROGRAMS:
            self.children.run([self.program(name), "--config", self.config, "--check"])

    def start(self, name, *args, wrap=lambda *argv: argv):
        return self.children.start(name, wrap(self.program(name), "--config", self.config, *args))

    def add_user(self):
        """A person who may log in once with the password printed, and must then choose another."""
        said = self.children.run([self.program("console"), "user", "add", self.user, "--role", "analyst",
                                  "--domains", "network,information", "--one-time", "--config", self.config])
        self.one_time = said.strip().splitlines()[-1]

    def console_answers(self):
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(f"{self.address}healthz", timeout=2):
                return True
        except OSError:
            return False

    def follow_alerts(self):
        """Prints alerts as they come, on our own standard output."""
        self.children.start("follow", [self.program("ctl"), "alerts", "--follow", "--config", self.config],
                            stdout=sys.stdout)

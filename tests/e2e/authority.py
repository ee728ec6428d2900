"""A certificate authority of a test's own."""
import subprocess


class Authority:
    """issue("127.0.0.1") gives (certificate, key); `certificate` is what is to be trusted."""

    def __init__(self, folder, name="authority"):
        self.folder, self.name = folder, name
        self.certificate, self.key = folder / f"{name}.crt", folder / f"{name}.key"
        self._openssl("req", "-x509", *self._fresh(self.key), "-days", "2", "-subj", f"/CN={name}", "-out", self.certificate)

    @staticmethod
    def _openssl(*args):
        subprocess.run(["openssl", *map(str, args)], check=True, capture_output=True)

    @staticmethod
    def _fresh(key):
        return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key]

    def issue(self, name):
        stem = self.folder / f"{self.name}-{name}"
        certificate, key, request, extra = (stem.with_name(stem.name + end) for end in (".crt", ".key", ".csr", ".ext"))
        kind = "IP" if name.replace(".", "").isdigit() else "DNS"
        extra.write_text(f"subjectAltName={kind}:{name}\nbasicConstraints=CA:FALSE\n")
        self._openssl("req", *self._fresh(key), "-subj", f"/CN={name}", "-out", request)
        self._openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial", "-days", "2",
                      "-extfile", extra, "-out", certificate)
        key.chmod(0o600)
        return str(certificate), str(key)

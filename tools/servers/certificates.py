"""A certificate authority for one test run, one server certificate for 127.0.0.1 and one of a
client, by openssl.

`make(folder)` writes ca.pem, server.pem (certificate), server.key (PKCS 8), server_chain.pem (both,
for Kafka), client.pem, client.key and server.p12 (password `PASSWORD`, for Java).
"""
import pathlib
import subprocess

PASSWORD = "insightd"


def _openssl(folder, *words):
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)


def make(folder):
    folder = pathlib.Path(folder)
    if (folder / "server.p12").exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    _openssl(folder, "req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "30",
             "-subj", "/CN=insightd test authority")
    _openssl(folder, "req", "-x509", *key, "-keyout", "server.key", "-out", "server.pem",
             "-days", "30", "-subj", "/CN=localhost", "-CA", "ca.pem", "-CAkey", "ca.key",
             "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost",
             "-addext", "basicConstraints=critical,CA:FALSE")
    _openssl(folder, "req", "-x509", *key, "-keyout", "client.key", "-out", "client.pem",
             "-days", "30", "-subj", "/CN=insightd client", "-CA", "ca.pem", "-CAkey", "ca.key",
             "-addext", "basicConstraints=critical,CA:FALSE")
    chain = (folder / "server.key").read_text() + (folder / "server.pem").read_text()
    (folder / "server_chain.pem").write_text(chain)
    _openssl(folder, "pkcs12", "-export", "-inkey", "server.key", "-in", "server.pem",
             "-certfile", "ca.pem", "-out", "server.p12", "-passout", f"pass:{PASSWORD}")
    return folder

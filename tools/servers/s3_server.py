"""An S3 server that checks signatures (S3Proxy on a folder) for tests: see class S3."""
import datetime
import hashlib
import hmac
import urllib.error
import urllib.parse
import urllib.request

import certificates
from jars import java, jars
from process import Server, ServerError, free_port

ACCESS_KEY, SECRET_KEY, REGION = "insightd", "s3-secret-key", "us-east-1"

# Without it every byte is logged.
LOGBACK = """<configuration>
<appender name="OUT" class="ch.qos.logback.core.ConsoleAppender">
<encoder><pattern>%d %p %logger: %m%n</pattern></encoder></appender>
<root level="WARN"><appender-ref ref="OUT"/></root>
</configuration>
"""


class S3(Server):
    """`endpoint` is its address, path style; ACCESS_KEY, SECRET_KEY and REGION open it.

    `virtual_endpoint` is the same with the bucket before the host, for clients that resolve names
    below localhost themselves, as libcurl does. A bucket has another content in either style.
    secure: a second address with TLS, `tls_endpoint`; the authority is `folder/tls/ca.pem`.
    """
    name = "s3"

    def __init__(self, folder=None, data=None, secure=False, tls=None):
        super().__init__(folder, data)
        self.port = free_port()
        self.tls_port = free_port() if secure else None
        self.tls = tls or self.folder / "tls"

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def virtual_endpoint(self):
        return f"http://localhost:{self.port}"

    @property
    def tls_endpoint(self):
        return f"https://127.0.0.1:{self.tls_port}"

    def prepare(self):
        jars("s3")
        self.data.mkdir(parents=True, exist_ok=True)
        lines = {
            "s3proxy.endpoint": self.endpoint,
            # In the path for this host alone; any other host is a bucket, with all of its name.
            "s3proxy.virtual-host": "127.0.0.1",
            "s3proxy.authorization": "aws-v2-or-v4",
            "s3proxy.identity": ACCESS_KEY,
            "s3proxy.credential": SECRET_KEY,
            "jclouds.provider": "filesystem-nio2",
            "jclouds.filesystem.basedir": self.data,
        }
        if self.tls_port:
            certificates.make(self.tls)
            lines["s3proxy.secure-endpoint"] = self.tls_endpoint
            lines["s3proxy.keystore-path"] = self.tls / "server.p12"
            lines["s3proxy.keystore-password"] = certificates.PASSWORD
        (self.folder / "logback.xml").write_text(LOGBACK)
        (self.folder / "s3proxy.conf").write_text(
            "".join(f"{key}={value}\n" for key, value in lines.items()))

    def command(self):
        return [*java("s3", "-Xmx256m", "-Dlogback.configurationFile=logback.xml"),
                "org.gaul.s3proxy.Main", "--properties", "s3proxy.conf"]

    def is_ready(self):
        try:
            urllib.request.urlopen(self.endpoint, timeout=2).close()
        except urllib.error.HTTPError as error:
            error.close()  # 403: it is there and wants a signature
        except OSError:
            return False
        return True

    def request(self, method, path, body=b"", query=""):
        """One signed request; (status, body). `path` starts with a slash and is not escaped yet."""
        url, headers = signed(self.endpoint, method, path, body, query)
        headers["Content-Type"] = "application/octet-stream"  # else the server reads a form
        request = urllib.request.Request(url, data=body or None, headers=headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    def create_bucket(self, bucket):
        status, body = self.request("PUT", f"/{bucket}")
        if status not in (200, 409):
            raise ServerError(f"bucket {bucket}: {status} {body[:500]!r}")

    def keys(self, bucket):
        """All keys of the bucket, up to a thousand a call of the server's."""
        import xml.etree.ElementTree as tree
        keys, token = [], ""
        while True:
            query = "list-type=2" + (f"&continuation-token={token}" if token else "")
            if token:
                query = f"continuation-token={token}&list-type=2"
            status, body = self.request("GET", f"/{bucket}", query=query)
            if status != 200:
                raise ServerError(f"list {bucket}: {status} {body[:500]!r}")
            root = tree.fromstring(body)
            space = root.tag[:root.tag.index("}") + 1] if root.tag.startswith("{") else ""
            keys += [key.text for key in root.iter(f"{space}Key")]
            more = root.find(f"{space}NextContinuationToken")
            if more is None or not more.text:
                return keys
            token = urllib.parse.quote(more.text, safe="")


def signed(endpoint, method, path, body=b"", query="", secret=SECRET_KEY, key=ACCESS_KEY):
    """(url, headers) of a request with signature version 4. `query` is escaped and sorted."""
    path = urllib.parse.quote(path)
    host = endpoint.split("//", 1)[1]
    moment = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    payload = hashlib.sha256(body).hexdigest()
    names = "host;x-amz-content-sha256;x-amz-date"
    canonical = "\n".join([method, path, query, f"host:{host}", f"x-amz-content-sha256:{payload}",
                           f"x-amz-date:{moment}", "", names, payload])
    scope = f"{moment[:8]}/{REGION}/s3/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", moment, scope,
                      hashlib.sha256(canonical.encode()).hexdigest()])
    step = ("AWS4" + secret).encode()
    for word in scope.split("/"):
        step = hmac.digest(step, word.encode(), "sha256")
    signature = hmac.digest(step, text.encode(), "sha256").hex()
    return endpoint + path + ("?" + query if query else ""), {
        "x-amz-content-sha256": payload, "x-amz-date": moment,
        "Authorization": f"AWS4-HMAC-SHA256 Credential={key}/{scope}, SignedHeaders={names}, "
                         f"Signature={signature}"}

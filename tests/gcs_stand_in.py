"""As much of Google Cloud Storage's JSON interface as gcsfs asks to read, write, rename and delete files."""

import hashlib
import http.server
import json
import re
import threading
import urllib.parse
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    objects: dict[str, bytes]

    def log_message(self, *arguments):
        pass

    def _answer(self, content: bytes | dict = b"", code: int = 200) -> None:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(code)
        self.send_header(
            "Content-Type", "application/octet-stream" if isinstance(content, bytes) else "application/json"
        )
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _about(self, name: str) -> dict:
        content = self.objects[name]
        bucket, _, rest = name.partition("/")
        return {
            "kind": "storage#object",
            "name": rest,
            "bucket": bucket,
            "size": str(len(content)),
            "updated": "2024-05-06T07:08:09.123Z",
            "timeCreated": "2024-05-06T07:08:09.123Z",
            "md5Hash": b64encode(hashlib.md5(content).digest()).decode(),
            "etag": "1",
            "generation": "1",
        }

    def _asked(self) -> tuple[str, str | None, dict[str, str]]:
        """The bucket, the object if there is one, and the query."""
        url = urllib.parse.urlsplit(self.path)
        bucket, name = re.search(r"/b/([^/]+)(?:/o(?:/([^/]+))?)?", url.path).groups()
        query = dict(urllib.parse.parse_qsl(url.query))
        return bucket, urllib.parse.unquote(name) if name else None, query

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        chunks = []
        while size := int(self.rfile.readline(), 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def do_GET(self):
        bucket, name, query = self._asked()
        if name is None:
            prefix = f"{bucket}/{query.get('prefix', '')}"
            self._answer({"items": [self._about(found) for found in sorted(self.objects) if found.startswith(prefix)]})
        elif f"{bucket}/{name}" not in self.objects:
            self._answer({"error": {"code": 404, "message": f"No such object: {bucket}/{name}"}}, 404)
        elif query.get("alt") == "media":
            content = self.objects[f"{bucket}/{name}"]
            asked = re.match(r"bytes=(\d+)-(\d+)?", self.headers.get("Range", ""))
            if asked:
                self._answer(content[int(asked[1]) : int(asked[2]) + 1 if asked[2] else None], 206)
            else:
                self._answer(content)
        else:
            self._answer(self._about(f"{bucket}/{name}"))

    def do_POST(self):
        body = self._body()
        bucket, name, query = self._asked()
        if query.get("uploadType") == "multipart":
            boundary = re.search(r"boundary=\"?([^;\"]+)", self.headers["Content-Type"])[1].encode()
            described, content = body.split(b"--" + boundary)[1:3]
            name = json.loads(described.split(b"\n\n" if b"\r\n\r\n" not in described else b"\r\n\r\n", 1)[1])["name"]
            blank = b"\r\n\r\n" if b"\r\n\r\n" in content[:200] else b"\n\n"
            content = content.split(blank, 1)[1]
            self.objects[f"{bucket}/{name}"] = content.removesuffix(b"\n").removesuffix(b"\r")
            self._answer(self._about(f"{bucket}/{name}"))
        elif "/rewriteTo/" in self.path or "/copyTo/" in self.path:
            into = re.search(r"(?:rewrite|copy)To/b/([^/]+)/o/([^/?]+)", self.path)
            other = f"{into[1]}/{urllib.parse.unquote(into[2])}"
            self.objects[other] = self.objects[f"{bucket}/{name}"]
            self._answer({"done": True, "resource": self._about(other)})
        else:
            self._answer({"error": {"code": 501, "message": self.path}}, 501)

    def do_DELETE(self):
        bucket, name, _ = self._asked()
        del self.objects[f"{bucket}/{name}"]
        self._answer(b"", 204)


@contextmanager
def serving() -> Iterator[str]:
    """Yields the address of a server without any object."""
    handler = type("Handler", (_Handler,), {"objects": {}})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()

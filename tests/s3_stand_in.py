"""As much of Amazon's S3 as s3fs asks to read and write files."""

import http.server
import re
import threading
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from xml.sax.saxutils import escape


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    objects: dict[str, bytes]

    def log_message(self, *arguments):
        pass

    def _answer(self, content: bytes = b"", code: int = 200, size: int | None = None) -> None:
        self.send_response(code)
        self.send_header("Content-Length", str(len(content) if size is None else size))
        self.send_header("ETag", '"1"')
        self.send_header("Last-Modified", "Mon, 06 May 2024 07:08:09 GMT")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _name(self) -> str:
        return urllib.parse.unquote(urllib.parse.urlsplit(self.path).path.lstrip("/"))

    def do_HEAD(self):
        if self._name() in self.objects:
            self._answer(size=len(self.objects[self._name()]))
        else:
            self._answer(code=404)

    def do_GET(self):
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))
        if "list-type" in query:
            prefix = f"{self._name().rstrip('/')}/{query.get('prefix', '')}"
            found = sorted(name for name in self.objects if name.startswith(prefix))
            rows = "".join(
                f"<Contents><Key>{escape(name.partition('/')[2])}</Key><Size>{len(self.objects[name])}</Size>"
                "<LastModified>2024-05-06T07:08:09.000Z</LastModified></Contents>"
                for name in found
            )
            listing = f"<KeyCount>{len(found)}</KeyCount><IsTruncated>false</IsTruncated>{rows}"
            self._answer(f"<ListBucketResult>{listing}</ListBucketResult>".encode())
        elif self._name() not in self.objects:
            self._answer(b"<Error><Code>NoSuchKey</Code><Message>no such key</Message></Error>", 404)
        else:
            content = self.objects[self._name()]
            asked = re.match(r"bytes=(\d+)-(\d+)?", self.headers.get("Range", ""))
            if asked:
                self._answer(content[int(asked[1]) : int(asked[2]) + 1 if asked[2] else None], 206)
            else:
                self._answer(content)

    def do_PUT(self):
        self.objects[self._name()] = self.rfile.read(int(self.headers["Content-Length"]))
        self._answer()


@contextmanager
def serving() -> Iterator[str]:
    """Yields the address of a server without any object."""
    handler = type("Handler", (_Handler,), {"objects": {}})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()

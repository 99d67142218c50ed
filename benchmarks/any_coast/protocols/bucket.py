"""A server on this machine that speaks as much of S3 as a client needs to list and read a public bucket."""

import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape


@contextmanager
def serving_bucket(name: str, objects: Mapping[str, bytes], catalogue: str) -> Iterator[str]:
    """The address of a bucket in the path style, and of the catalogue beside it.

    Args:
        objects: key → content.
        catalogue: JSON at ``/catalog.json``.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            path = unquote(parts.path)
            if path == "/catalog.json":
                self._send(200, catalogue.encode(), "application/json")
            elif path.rstrip("/") == f"/{name}":
                prefix = parse_qs(parts.query).get("prefix", [""])[0]
                self._send(200, listing(name, objects, prefix).encode(), "application/xml")
            else:
                self._object(path.removeprefix(f"/{name}/"))

        do_HEAD = do_GET

        def log_message(self, format: str, *args: object) -> None:
            pass

        def _object(self, key: str) -> None:
            content = objects.get(key)
            asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
            if content is None:
                self._send(404, b"<Error><Code>NoSuchKey</Code></Error>", "application/xml")
            elif asked:
                start, end = int(asked[1]), min(int(asked[2] or len(content) - 1), len(content) - 1)
                stated = f"bytes {start}-{end}/{len(content)}"
                self._send(206, content[start : end + 1], "application/octet-stream", stated)
            else:
                self._send(200, content, "application/octet-stream")

        def _send(self, status: int, body: bytes, kind: str, content_range: str | None = None) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("ETag", '"1"')
            self.send_header("Last-Modified", "Wed, 21 Oct 2026 00:00:00 GMT")
            if content_range is not None:
                self.send_header("Content-Range", content_range)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def listing(name: str, objects: Mapping[str, bytes], prefix: str) -> str:
    """The answer to ListObjectsV2."""
    found = "".join(
        f'<Contents><Key>{escape(key)}</Key><LastModified>2026-10-21T00:00:00.000Z</LastModified><ETag>"1"</ETag>'
        f"<Size>{len(content)}</Size><StorageClass>STANDARD</StorageClass></Contents>"
        for key, content in objects.items()
        if key.startswith(prefix)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        f"<Name>{name}</Name><Prefix>{escape(prefix)}</Prefix><KeyCount>{found.count('<Key>')}</KeyCount>"
        f"<MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated>{found}</ListBucketResult>"
    )

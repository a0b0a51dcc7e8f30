"""A store that answers over HTTP as WebHDFS does, each time after a while: enough of it to list and to read."""

import collections
import http.server
import json
import os
import threading
import time
from urllib.parse import parse_qs, unquote, urlsplit

PREFIX = "/webhdfs/v1"


class Store(http.server.ThreadingHTTPServer):
    """Of a folder. Counts the answers by operation, and how many it owed at once."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, folder, seconds):
        super().__init__(("127.0.0.1", 0), Answers)
        self.folder, self.seconds = folder, seconds
        self.answers, self.owed, self.most_owed = collections.Counter(), 0, 0
        self.lock = threading.Lock()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def uri(self):
        return f"webhdfs://127.0.0.1:{self.server_port}/"


class Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        url, store = urlsplit(self.path), self.server
        asked = {name.lower(): values[0] for name, values in parse_qs(url.query).items()}
        # Where the bytes are is an answer of its own, and the same place here.
        operation = "BYTES" if "bytes" in asked else asked["op"]
        with store.lock:
            store.answers[operation] += 1
            store.owed += 1
            store.most_owed = max(store.most_owed, store.owed)
        time.sleep(store.seconds)
        with store.lock:
            store.owed -= 1
        path = store.folder + unquote(url.path)[len(PREFIX):].rstrip("/")
        if operation == "OPEN":
            self.answer(307, b"", f"http://{self.headers['Host']}{self.path}&bytes=1")
        elif operation == "BYTES":
            with open(path, "rb") as file:
                file.seek(int(asked.get("offset", 0)))
                self.answer(200, file.read())
        elif operation == "GETFILESTATUS":
            self.answer(200, json.dumps({"FileStatus": status(path, "")}).encode())
        elif operation == "LISTSTATUS":
            names = sorted(os.listdir(path))
            found = [status(os.path.join(path, name), name) for name in names]
            self.answer(200, json.dumps({"FileStatuses": {"FileStatus": found}}).encode())
        elif operation == "GETFILEBLOCKLOCATIONS":
            self.answer(200, b'{"BlockLocations": {"BlockLocation": []}}')
        else:
            self.send_error(400, operation)

    # Without a type of the content, which Spark's own jars lack the classes to read.
    def answer(self, code, body, location=None):
        self.send_response(code)
        if location:
            self.send_header("Location", location)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def status(path, name):
    is_folder = os.path.isdir(path)
    return {
        "pathSuffix": name, "type": "DIRECTORY" if is_folder else "FILE", "length": 0 if is_folder else os.path.getsize(path),
        "owner": "o", "group": "g", "permission": "755", "replication": 1, "blockSize": 1 << 27, "accessTime": 0, "modificationTime": 0,
    }
